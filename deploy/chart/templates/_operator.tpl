{{/*
The operator, which makes the file that both processes follow of the ConfigMap's file and the Driver objects. The
containers of the processes find that file where the ConfigMap's would be.
*/}}

{{/* The volume with the configuration that the processes follow. */}}
{{- define "mooring.followed" -}}
{{ .Values.driverResources.enabled | ternary "live" "config" }}
{{- end }}

{{/* The container beside a controller process. Called with root and node, its name in the objects' status. */}}
{{- define "mooring.container.operator" -}}
{{- $values := .root.Values -}}
{{- $names := list -}}
{{- range $values.drivers }}{{ $names = append $names .name }}{{ end -}}
- name: operator
  image: {{ include "mooring.image" .root }}
  imagePullPolicy: {{ $values.image.pullPolicy }}
  command: [mooring-operator, run]
  args:
    - --base=/etc/mooring/base/mooring.yaml
    - --live=/etc/mooring/config/mooring.yaml
    - --program=/usr/bin/mooring
    - --node={{ .node }}
    # What has sidecars, a CSIDriver object and classes. Objects of other names say that they have none.
    - --sidecars={{ join "," $names }}
  env:
    - {name: NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
  resources: {{- toYaml $values.driverResources.resources | nindent 4 }}
  securityContext: {{- include "mooring.unprivileged" $values.driverResources.uid | nindent 4 }}
  volumeMounts:
    - {name: config, mountPath: /etc/mooring/base, readOnly: true}
    - {name: live, mountPath: /etc/mooring/config}
    - {name: controller-sockets, mountPath: {{ include "mooring.controllerSockets" .root }}, readOnly: true}
    - {name: api-access, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
{{- end }}

{{/* Writes the file before the processes start, of what the objects said last: no API server is asked. Called with root. */}}
{{- define "mooring.container.seed" -}}
- name: seed
  image: {{ include "mooring.image" .root }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  command: [mooring-operator, seed]
  args: [--base=/etc/mooring/base/mooring.yaml, --live=/etc/mooring/config/mooring.yaml]
  resources: {requests: {cpu: 10m, memory: 8Mi}}
  securityContext: {{- include "mooring.unprivileged" .root.Values.driverResources.uid | nindent 4 }}
  volumeMounts:
    - {name: config, mountPath: /etc/mooring/base, readOnly: true}
    - {name: live, mountPath: /etc/mooring/config}
{{- end }}
