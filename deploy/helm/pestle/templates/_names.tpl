{{- define "pestle.labels" -}}
app.kubernetes.io/name: pestle
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
{{- define "pestle.port" -}}
{{- if .Values.tlsSecret }}8443{{ else }}8080{{ end -}}
{{- end -}}
