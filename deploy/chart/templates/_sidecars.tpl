{{/*
The standard sidecars of one driver. Called with root, facts and fact. Ports: 9820, and ten for each driver.
All but one talk to the controller process's socket, as a user of their own. With everywhere.nodes: many the
provisioner asks for the node's place, too, and that only the node's socket answers, which is for root alone: it runs
as root there, without any capability.
*/}}
{{- define "mooring.sidecars" -}}
{{- $values := .root.Values -}}
{{- $fact := .fact -}}
{{- $facts := .facts -}}
{{- $sockets := printf "%s/%s" (include "mooring.controllerSockets" .root) $fact.name -}}
{{- range $index, $sidecar := $fact.sidecars }}
{{- $onNode := and $facts.many (eq $sidecar "provisioner") }}
{{- $elected := not (or $facts.many (eq $sidecar "snapshotMetadata")) }}
{{- $port := add 9820 (mul 10 $fact.index) $index }}
- name: {{ printf "%s-%d-%s" ($sidecar | kebabcase) (int $fact.index) ($fact.name | replace "." "-") | trunc 63 | trimSuffix "-" }}
  image: {{ get $values.sidecars.images $sidecar }}
  args:
    - --csi-address={{ $onNode | ternary (printf "%s/%s" $values.config.socketDir $fact.name) $sockets }}/csi.sock
    - --v={{ $values.sidecars.verbosity }}
    - --http-endpoint=:{{ $port }}
    {{- if ne $sidecar "snapshotMetadata" }}
    - --timeout={{ $values.sidecars.timeout }}
    {{- end }}
    {{- if $elected }}
    - --leader-election
    {{- end }}
    {{- if eq $sidecar "provisioner" }}
    - --extra-create-metadata
    {{- if $fact.capacity }}
    - --enable-capacity
    # What is told is the workload's (the pod's owner, of a Deployment the owner's owner); of one node its pod's.
    - --capacity-ownerref-level={{ if $facts.many }}0{{ else if eq $values.topology "split" }}2{{ else }}1{{ end }}
    {{- end }}
    {{- if $fact.placed }}
    - --strict-topology
    - --immediate-topology=false
    {{- end }}
    {{- if $facts.many }}
    - --node-deployment
    {{- end }}
    {{- else if eq $sidecar "resizer" }}
    - --resize-timeout={{ $values.sidecars.timeout }}
    - --modify-timeout={{ $values.sidecars.timeout }}
    - --handle-volume-inuse-error={{ and $fact.expand (not $fact.online) }}
    {{- else if eq $sidecar "snapshotter" }}
    - --extra-create-metadata
    - --feature-gates=CSIVolumeGroupSnapshot={{ $fact.group }}
    {{- if $facts.many }}
    - --node-deployment
    {{- end }}
    {{- else if eq $sidecar "healthMonitor" }}
    - --enable-node-watcher
    {{- else if eq $sidecar "snapshotMetadata" }}
    - --port={{ add 50051 $fact.index }}
    - --tls-cert=/etc/mooring/tls/{{ $fact.name }}/tls.crt
    - --tls-key=/etc/mooring/tls/{{ $fact.name }}/tls.key
    {{- end }}
  {{- if or $facts.many (and $fact.capacity (eq $sidecar "provisioner")) }}
  env:
    {{- if $facts.many }}
    - {name: NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
    {{- end }}
    {{- if and $fact.capacity (eq $sidecar "provisioner") }}
    - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
    {{- end }}
  {{- end }}
  ports:
    - {name: {{ printf "metrics-%d" $port }}, containerPort: {{ $port }}}
    {{- if eq $sidecar "snapshotMetadata" }}
    - {name: {{ printf "blocks-%d" (int $fact.index) }}, containerPort: {{ add 50051 $fact.index }}}
    {{- end }}
  {{- if $elected }}
  livenessProbe:
    httpGet: {path: /healthz/leader-election, port: {{ printf "metrics-%d" $port }}}
    periodSeconds: 20
    timeoutSeconds: 5
  {{- end }}
  resources: {{- toYaml $values.sidecars.resources | nindent 4 }}
  securityContext: {{- include "mooring.unprivileged" ($onNode | ternary 0 $values.sidecars.uid) | nindent 4 }}
  volumeMounts:
    {{- if $onNode }}
    - {name: sockets, mountPath: {{ $values.config.socketDir }}, readOnly: true}
    {{- else }}
    - {name: controller-sockets, mountPath: {{ include "mooring.controllerSockets" $.root }}, readOnly: true}
    {{- end }}
    - {name: api-access, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
    {{- if eq $sidecar "snapshotMetadata" }}
    - {name: tls-{{ $fact.index }}, mountPath: /etc/mooring/tls/{{ $fact.name }}, readOnly: true}
    {{- end }}
{{- end }}
{{- end }}

{{/* The account's token, for the containers that talk to the API server. */}}
{{- define "mooring.access.volume" -}}
- name: api-access
  projected:
    defaultMode: 0444
    sources:
      - serviceAccountToken: {path: token, expirationSeconds: 3607}
      - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
      - downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}
{{- end }}

{{/* The volumes that sidecars need. Called with root and facts. */}}
{{- define "mooring.sidecars.volumes" -}}
{{ include "mooring.access.volume" .root }}
{{- range $fact := .facts.drivers }}
{{- if $fact.metadata }}
- name: tls-{{ $fact.index }}
  secret: {secretName: {{ $fact.own.snapshotMetadata.tlsSecret }}, defaultMode: 0444}
{{- end }}
{{- end }}
{{- end }}

{{/* What a container without privilege is, as the user whose id is given. */}}
{{- define "mooring.unprivileged" -}}
runAsUser: {{ int64 . }}
runAsGroup: {{ int64 . }}
runAsNonRoot: {{ ne (int64 .) 0 }}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end }}
