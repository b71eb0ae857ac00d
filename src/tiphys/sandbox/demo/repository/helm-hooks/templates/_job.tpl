{{- /* A Job that runs one shell line; takes a dict of root, name, hooks, weight, line. */ -}}
{{- define "hook.job" -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .name }}
  annotations:
    helm.sh/hook: {{ .hooks }}
    helm.sh/hook-weight: {{ .weight | quote }}
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: tool
          image: {{ .root.Values.toolImage }}
          command: [sh, -c, {{ .line | quote }}]
{{- end }}
