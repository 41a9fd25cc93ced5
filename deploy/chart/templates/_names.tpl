{{/* What things are called. */}}

{{- define "mooring.fullname" -}}
{{- if contains "mooring" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-mooring" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "mooring.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{ include "mooring.selector" . }}
{{- end }}

{{- define "mooring.selector" -}}
app.kubernetes.io/name: mooring
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "mooring.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/* The directory of the controller process's sockets, as the program derives it. */}}
{{- define "mooring.controllerSockets" -}}
{{- $controller := .Values.config.controller | default dict -}}
{{- $controller.socketDir | default (printf "%s/controller" .Values.config.socketDir) -}}
{{- end }}

{{/* The controller process's user. */}}
{{- define "mooring.uid" -}}
{{- $controller := .Values.config.controller | default dict -}}
{{- $controller.uid | default 64613 | int64 -}}
{{- end }}
