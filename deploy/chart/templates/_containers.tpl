{{/* The two processes of Mooring as containers. */}}

{{/* The process that runs components: no privilege, no token. Called with root and shared (its state is on the host). */}}
{{- define "mooring.container.controller" -}}
{{- $root := .root -}}
- name: controller
  image: {{ include "mooring.image" $root }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  args: [controller, --config, /etc/mooring/config/mooring.yaml]
  # Its pages are on a socket that only its own user and root may open. That it answers is life; that each driver
  # serves as it is configured is readiness.
  startupProbe:
    exec: {command: {{ include "mooring.alive.controller" $root }}}
    periodSeconds: 5
    timeoutSeconds: 10
    failureThreshold: 120
  livenessProbe:
    exec: {command: {{ include "mooring.alive.controller" $root }}}
    periodSeconds: 30
    timeoutSeconds: 10
  readinessProbe:
    exec: {command: [mooring, status, --config, /etc/mooring/config/mooring.yaml]}
    periodSeconds: 15
    timeoutSeconds: 10
  resources: {{- toYaml $root.Values.controller.resources | nindent 4 }}
  securityContext: {{- include "mooring.unprivileged" (include "mooring.uid" $root) | nindent 4 }}
  volumeMounts:
    - {name: config, mountPath: /etc/mooring/config, readOnly: true}
    - {name: controller-sockets, mountPath: {{ include "mooring.controllerSockets" $root }}}
    - {name: controller-state, mountPath: {{ $root.Values.config.stateDir }}/controller}
    {{- if .onNode }}
    {{- range $index, $path := (include "mooring.pools" $root | fromJson).paths }}
    - {name: pool-{{ $index }}, mountPath: {{ $path }}, mountPropagation: HostToContainer}
    {{- end }}
    {{- end }}
    {{- with $root.Values.controller.volumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{- define "mooring.alive.controller" -}}
[sh, -c, "mooring status --config /etc/mooring/config/mooring.yaml -o json | grep -q drivers"]
{{- end }}

{{/* The process that mounts: privileged, without vendor code. Called with root and facts. */}}
{{- define "mooring.container.node" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- $pages := $values.config.telemetry.listen -}}
{{- $host := regexReplaceAll ":[0-9]+$" $pages "" | trimPrefix "[" | trimSuffix "]" -}}
{{- $port := regexFind "[0-9]+$" $pages -}}
{{- $ready := eq $values.registrar "native" | ternary "/readyz" "/healthz" -}}
- name: node
  image: {{ include "mooring.image" $root }}
  imagePullPolicy: {{ $values.image.pullPolicy }}
  # The CSI node id is the host name that the process sees: in a UTS namespace of its own that is the node's name.
  command: [unshare, --uts, sh, -ec, 'hostname "$NODE_NAME"; exec mooring node --config /etc/mooring/config/mooring.yaml']
  env:
    - {name: NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
  # It serves its pages on a loopback address of the pod, which kubelet does not reach. That it answers is life; that
  # every driver does, and is registered, is readiness: storage that is away is no reason to restart the node process.
  startupProbe:
    exec: {command: {{ list "bash" "-c" (include "mooring.alive.node" (dict "host" $host "port" $port "page" "/healthz" "status" "*")) | toJson }}}
    periodSeconds: 5
    timeoutSeconds: 20
    failureThreshold: 60
  livenessProbe:
    exec: {command: {{ list "bash" "-c" (include "mooring.alive.node" (dict "host" $host "port" $port "page" "/healthz" "status" "*")) | toJson }}}
    periodSeconds: 30
    timeoutSeconds: 20
    failureThreshold: 4
  readinessProbe:
    exec: {command: {{ list "bash" "-c" (include "mooring.alive.node" (dict "host" $host "port" $port "page" $ready "status" "200")) | toJson }}}
    periodSeconds: 15
    timeoutSeconds: 20
  resources: {{- toYaml $values.node.resources | nindent 4 }}
  securityContext:
    privileged: true
    runAsUser: 0
    runAsGroup: 0
    readOnlyRootFilesystem: true
  volumeMounts:
    - {name: config, mountPath: /etc/mooring/config, readOnly: true}
    - {name: controller-sockets, mountPath: {{ include "mooring.controllerSockets" $root }}}
    - {name: sockets, mountPath: {{ $values.config.socketDir }}}
    # Mounts outlive the container: both ways.
    - {name: kubelet, mountPath: {{ $values.kubeletDir }}, mountPropagation: Bidirectional}
    - {name: node-state, mountPath: {{ $values.config.stateDir }}/node, mountPropagation: Bidirectional}
    - {name: dev, mountPath: /dev}
    - {name: sys, mountPath: /sys, mountPropagation: HostToContainer}
    {{- range $index, $path := (include "mooring.pools" $root | fromJson).paths }}
    - {name: pool-{{ $index }}, mountPath: {{ $path }}, mountPropagation: HostToContainer}
    {{- end }}
    {{- if .facts.devices }}
    - {name: udev, mountPath: /run/udev, readOnly: true}
    {{- end }}
    {{- range $index, $path := .facts.kata }}
    - {name: kata-{{ $index }}, mountPath: {{ $path }}, mountPropagation: HostToContainer}
    {{- end }}
{{- end }}

{{/* Asks for a page with nothing but a shell; `status` is a pattern for the answer's code. */}}
{{- define "mooring.alive.node" -}}
exec 3<>/dev/tcp/{{ .host }}/{{ .port }} && printf 'GET {{ .page }} HTTP/1.0\r\n\r\n' >&3 && read -r -t 18 _ status _ <&3 && [[ $status == {{ .status }} ]]
{{- end }}

{{/* Makes the directories of the controller's user, and takes over none that is another's. Called with root. */}}
{{- define "mooring.container.folders" -}}
{{- $root := .root -}}
{{- $uid := include "mooring.uid" $root -}}
{{- $pools := (include "mooring.pools" $root | fromJson).paths -}}
- name: folders
  image: {{ include "mooring.image" $root }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  command:
    - sh
    - -euc
    - |
      for folder in "$@"; do
        owner=$(stat -c %u "$folder")
        if [ "$owner" = {{ $uid }} ]; then continue; fi
        if [ "$owner" = 0 ] && [ -z "$(ls -A "$folder")" ]; then
          chmod 0700 "$folder"
          chown {{ $uid }}:{{ $uid }} "$folder"
        else
          echo "$folder belongs to uid $owner and holds files; the controller runs as uid {{ $uid }}." \
            "If they are its own: chown -R {{ $uid }}:{{ $uid }} $folder on this node" >&2
          exit 1
        fi
      done
    - folders
    - {{ $root.Values.config.stateDir }}/controller
    {{- range $pools }}
    - {{ . }}
    {{- end }}
  resources: {requests: {cpu: 10m, memory: 8Mi}}
  securityContext:
    runAsUser: 0
    runAsGroup: 0
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities: {drop: [ALL], add: [CHOWN]}
    seccompProfile: {type: RuntimeDefault}
  volumeMounts:
    - {name: controller-state, mountPath: {{ $root.Values.config.stateDir }}/controller}
    {{- range $index, $path := $pools }}
    - {name: pool-{{ $index }}, mountPath: {{ $path }}, mountPropagation: HostToContainer}
    {{- end }}
{{- end }}

{{/*
Makes the directories of the drivers' sockets, through which the sidecars' user has to get; the controller process keeps
the mode of what it finds. Called with root and facts.
*/}}
{{- define "mooring.container.sockets" -}}
{{- $root := .root -}}
{{- $sockets := include "mooring.controllerSockets" $root -}}
- name: sockets
  image: {{ include "mooring.image" $root }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  command:
    - mkdir
    - --parents
    - --mode=0711
    {{- range .facts.drivers }}
    - {{ $sockets }}/{{ .name }}
    {{- end }}
  resources: {requests: {cpu: 10m, memory: 8Mi}}
  securityContext: {{- include "mooring.unprivileged" (include "mooring.uid" $root) | nindent 4 }}
  volumeMounts:
    - {name: controller-sockets, mountPath: {{ $sockets }}}
{{- end }}

{{/* One node-driver-registrar a driver, for registrar: sidecar. Called with root and fact. */}}
{{- define "mooring.container.registrar" -}}
{{- $values := .root.Values -}}
- name: {{ printf "registrar-%d-%s" (int .fact.index) (.fact.name | replace "." "-") | trunc 63 | trimSuffix "-" }}
  image: {{ $values.sidecars.images.registrar }}
  args:
    - --csi-address={{ $values.config.socketDir }}/{{ .fact.name }}/csi.sock
    - --kubelet-registration-path={{ $values.config.socketDir }}/{{ .fact.name }}/csi.sock
    - --plugin-registration-path=/registration
    - --v={{ $values.sidecars.verbosity }}
  resources: {{- toYaml $values.sidecars.resources | nindent 4 }}
  # The node's socket is for root alone.
  securityContext: {{- include "mooring.unprivileged" 0 | nindent 4 }}
  volumeMounts:
    - {name: sockets, mountPath: {{ $values.config.socketDir }}, readOnly: true}
    - {name: registration, mountPath: /registration}
{{- end }}
