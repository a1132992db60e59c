{{- define "overlay-network.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- define "overlay-network.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "overlay-network.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "overlay-network.selector" -}}
app.kubernetes.io/name: overlay-network
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "overlay-network.labels" -}}
{{ include "overlay-network.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "overlay-network.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{- define "overlay-network.metricsReader" -}}
{{- include "overlay-network.fullname" . | trunc 48 | trimSuffix "-" -}}-metrics-reader
{{- end -}}

{{- define "overlay-network.agent" -}}
{{- include "overlay-network.fullname" . | trunc 48 | trimSuffix "-" -}}-metadata-agent
{{- end -}}

{{- define "overlay-network.agentSelector" -}}
app.kubernetes.io/name: overlay-network-metadata-agent
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "overlay-network.agentImage" -}}
{{- $image := .Values.metadataAgent.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default .Chart.AppVersion $image.tag }}
{{- end -}}
{{- end -}}

{{- define "overlay-network.uninstallHook" -}}
helm.sh/hook: post-delete
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}
