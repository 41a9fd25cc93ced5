{{/* Mooring's configuration file: the values as they are, and what only the chart knows. */}}
{{- define "mooring.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- $facts := include "mooring.drivers" . | fromJson -}}
{{- if $facts.provisioned -}}
  {{- $controller := $config.controller | default dict -}}
  {{- $_ := set $controller "allowedUids" (append ($controller.allowedUids | default list) .Values.sidecars.uid | uniq) -}}
  {{- $_ := set $config "controller" $controller -}}
{{- end -}}
{{- if .Values.driverResources.enabled -}}
  {{- $telemetry := $config.telemetry -}}
  {{- $_ := set $telemetry "allowedUids" (append ($telemetry.allowedUids | default list) .Values.driverResources.uid | uniq) -}}
{{- end -}}
{{- $node := $config.node | default dict -}}
{{- if not $node.targetRoots -}}{{- $_ := set $node "targetRoots" (list .Values.kubeletDir) -}}{{- end -}}
{{- $_ := set $config "node" $node -}}
{{- if and (eq .Values.registrar "native") (not $config.kubelet) -}}
  {{- $_ := set $config "kubelet" (dict "registrationDir" (printf "%s/plugins_registry" .Values.kubeletDir)) -}}
{{- end -}}
{{- $drivers := list -}}
{{- range .Values.drivers -}}
  {{- $own := .kubernetes | default dict -}}
  {{- if not $own.resource }}{{- $drivers = append $drivers (omit . "kubernetes") -}}{{- end -}}
{{- end -}}
{{- $_ := set $config "drivers" $drivers -}}
{{- toYaml $config -}}
{{- end }}

{{/* Of what takes a restart when it changes: all but the drivers, whose changes the processes follow. */}}
{{- define "mooring.restartsWith" -}}
{{- omit (include "mooring.config" . | fromYaml) "drivers" | toJson | sha256sum -}}
{{- end }}
