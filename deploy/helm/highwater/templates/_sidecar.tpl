{{- /* The container of a sidecar, for an application's own chart that names this one as a dependency:

  containers:
    {{- include "highwater.sidecar" (dict "image" "registry.example.org/highwater:0.1.0" "config" "highwater" "state" "highwater-state") | nindent 4 }}

`config` and `state` are volumes of the pod: the first has highwater.yaml with a scope, the second is an emptyDir. The variables are what
`identity` and `member` of that file name. */}}
{{- define "highwater.sidecar" -}}
- name: highwater
  image: {{ required "highwater.sidecar needs an image" .image | quote }}
  args: [run, --config, /etc/highwater/highwater.yaml]
  env:
    - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
    - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
  ports:
    - {name: highwater, containerPort: 9877, protocol: TCP}
  livenessProbe:
    httpGet: {path: /healthz, port: highwater}
    timeoutSeconds: 5
  resources:
    requests: {cpu: 5m, memory: 16Mi}
    limits: {memory: 64Mi}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities: {drop: [ALL]}
  volumeMounts:
    - {name: {{ required "highwater.sidecar needs the name of the volume with highwater.yaml" .config }}, mountPath: /etc/highwater, readOnly: true}
    - {name: {{ required "highwater.sidecar needs the name of a volume for its state" .state }}, mountPath: /var/lib/highwater}
{{- end }}
