{{- define "guestbook.name" -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" }}
{{- end }}

{{- define "guestbook.selector" -}}
app.kubernetes.io/name: guestbook
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
