{{/* The two processes of Mooring as containers. */}}

{{/* The process that runs components: no privilege, no token. Called with root and shared (its state is on the host). */}}
{{- define "mooring.container.controller" -}}
{{- $root := .root -}}
- name: controller
  image: {{ include "mooring.image" $root }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  args:
    - controller
    - --config=/etc/mooring/config/mooring.yaml
    {{- if not .onNode }}
    - --telemetry-listen={{ $root.Values.config.telemetry.listen }}
  ports:
    - {name: telemetry, containerPort: {{ regexFind "[0-9]+$" $root.Values.config.telemetry.listen }}}
    {{- end }}
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
    periodSeconds: 10
    timeoutSeconds: 10
  resources: {{- toYaml $root.Values.controller.resources | nindent 4 }}
  securityContext: {{- include "mooring.unprivileged" (include "mooring.uid" $root) | nindent 4 }}
  volumeMounts:
    - {name: {{ include "mooring.followed" $root }}, mountPath: /etc/mooring/config, readOnly: true}
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
- name: node
  image: {{ include "mooring.image" $root }}
  imagePullPolicy: {{ $values.image.pullPolicy }}
  args: [node, --config, /etc/mooring/config/mooring.yaml]
  env:
    - {name: MOORING_NODE_ID, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
  ports:
    - {name: telemetry, containerPort: {{ regexFind "[0-9]+$" $values.config.telemetry.listen }}}
  # That the process answers is life; that every driver does, and is registered, is readiness: storage that is away is
  # no reason to restart the node process.
  startupProbe:
    httpGet: {path: /livez, port: telemetry}
    periodSeconds: 2
    timeoutSeconds: 10
    failureThreshold: 150
  livenessProbe:
    httpGet: {path: /livez, port: telemetry}
    periodSeconds: 30
    timeoutSeconds: 20
    failureThreshold: 4
  readinessProbe:
    httpGet: {path: {{ eq $values.registrar "native" | ternary "/readyz" "/healthz" }}, port: telemetry}
    periodSeconds: 5
    timeoutSeconds: 20
  resources: {{- toYaml $values.node.resources | nindent 4 }}
  securityContext:
    privileged: true
    runAsUser: 0
    runAsGroup: 0
    readOnlyRootFilesystem: true
  volumeMounts:
    - {name: {{ include "mooring.followed" $root }}, mountPath: /etc/mooring/config, readOnly: true}
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

{{/*
Makes directories another user's, and takes over none that is somebody else's. Called with root, name, uid, mode, who (of
the user), and folders (a list of paths; behind --through, those that others may get through, as sidecars to their sockets).
*/}}
{{- define "mooring.container.handed" -}}
- name: {{ .name }}
  image: {{ include "mooring.image" .root }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  command:
    - sh
    - -euc
    - |
      mode={{ .mode }}
      for folder in "$@"; do
        if [ "$folder" = --through ]; then mode=0711; continue; fi
        owner=$(stat -c %u "$folder")
        if [ "$owner" = {{ .uid }} ]; then continue; fi
        if [ "$owner" = 0 ] && [ -z "$(ls -A "$folder")" ]; then
          chmod "$mode" "$folder"
          chown {{ .uid }}:{{ .uid }} "$folder"
        else
          echo "$folder belongs to uid $owner and holds files; the {{ .who }} runs as uid {{ .uid }}." \
            "If they are its own: chown -R {{ .uid }}:{{ .uid }} $folder on this node" >&2
          exit 1
        fi
      done
    - {{ .name }}
    {{- range .folders }}
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
{{- end }}

{{/* Makes the directories of the controller's user. Called with root. */}}
{{- define "mooring.container.folders" -}}
{{- $root := .root -}}
{{- $pools := (include "mooring.pools" $root | fromJson).paths -}}
{{- $sockets := include "mooring.controllerSockets" $root -}}
{{- $state := printf "%s/controller" $root.Values.config.stateDir -}}
{{- include "mooring.container.handed" (dict "root" $root "name" "folders" "uid" (include "mooring.uid" $root) "mode" "0700" "who" "controller" "folders" (concat (prepend $pools $state) (list "--through" $sockets))) }}
    - {name: controller-state, mountPath: {{ $state }}}
    - {name: controller-sockets, mountPath: {{ $sockets }}}
    {{- range $index, $path := $pools }}
    - {name: pool-{{ $index }}, mountPath: {{ $path }}, mountPropagation: HostToContainer}
    {{- end }}
{{- end }}

{{/* Makes the operator's directory on the node. The processes, which are other users, read in it. Called with root. */}}
{{- define "mooring.container.folders.operator" -}}
{{- $folder := printf "%s/operator" .root.Values.config.stateDir -}}
{{- include "mooring.container.handed" (dict "root" .root "name" "folders-operator" "uid" (int64 .root.Values.driverResources.uid) "mode" "0755" "who" "operator" "folders" (list $folder)) }}
    - {name: live, mountPath: {{ $folder }}}
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
