{{- define "highwater.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "highwater.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- $name := include "highwater.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "highwater.selectorLabels" -}}
app.kubernetes.io/name: {{ include "highwater.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "highwater.labels" -}}
{{ include "highwater.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "highwater.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "highwater.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "highwater.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "highwater.externalUrl" -}}
{{- if .Values.config.external_url }}
{{- .Values.config.external_url | trimSuffix "/" }}
{{- else }}
{{- printf "%s://%s.%s.svc:%v" (lower .Values.service.scheme) (include "highwater.fullname" .) .Release.Namespace .Values.service.port }}
{{- end }}
{{- end }}

{{- define "highwater.claimName" -}}
{{- default (printf "%s-state" (include "highwater.fullname" .)) .Values.persistence.existingClaim }}
{{- end }}

{{- /* highwater.yaml: what values say, and what belongs to the chart. */}}
{{- define "highwater.config" -}}
{{- $config := deepCopy .Values.config }}
{{- $_ := set $config "listen" ":9877" }}
{{- $_ := set $config "external_url" (include "highwater.externalUrl" .) }}
{{- if eq .Values.mode "daemonset" }}
{{- if .Values.rules }}
{{- fail "mode: daemonset has no rules: give them to a release with mode: deployment" }}
{{- end }}
{{- $node := default (dict) .Values.config.node }}
{{- if eq (default "node" $node.judges) "cluster" }}
{{- fail "mode: daemonset does not judge the cluster, because every node would page for the same fault: leave config.node.judges out" }}
{{- end }}
{{- $_ := set $config "node" $node }}
{{- else if .Values.rules }}
{{- $rules := default (dict) $config.rules }}
{{- $files := default (list) $rules.files }}
{{- if kindIs "string" $files }}
{{- $files = list $files }}
{{- end }}
{{- $_ := set $rules "files" (append $files "rules.d") }}
{{- $_ := set $config "rules" $rules }}
{{- end }}
{{- if .Values.runbooks }}
{{- $folders := default (list) $config.runbooks }}
{{- if kindIs "string" $folders }}
{{- $folders = list $folders }}
{{- end }}
{{- $_ := set $config "runbooks" (append $folders "runbooks.d") }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{- define "highwater.pod" -}}
metadata:
  labels:
    {{- include "highwater.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # Everything but rules is read at the start, so what is changed starts the agent anew.
    checksum/config: {{ include (print $.Template.BasePath "/configmap.yaml") . | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "highwater.serviceAccountName" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  # The agent ends within 5 s, with what was queued delivered or logged.
  terminationGracePeriodSeconds: 15
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  containers:
    - name: highwater
      image: {{ include "highwater.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [run, --config, /etc/highwater/highwater.yaml]
      {{- if or .Values.env (eq .Values.mode "daemonset") }}
      env:
        {{- if eq .Values.mode "daemonset" }}
        # The label `node` of what it measures.
        - name: NODE_NAME
          valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
        {{- end }}
        {{- with .Values.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
      ports:
        - {name: http, containerPort: 9877, protocol: TCP}
      # /healthz fails only when the agent itself hangs, never because Kafka is ill: a restart would not help then.
      livenessProbe:
        httpGet: {path: /healthz, port: http, scheme: {{ .Values.service.scheme }}}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      {{- if eq .Values.mode "deployment" }}
      # The status page must be reachable while Kafka is ill, when /readyz may fail for long: the service serves unready pods as well.
      readinessProbe:
        httpGet: {path: /readyz, port: http, scheme: {{ .Values.service.scheme }}}
        periodSeconds: 5
      {{- end }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      volumeMounts:
        - {name: config, mountPath: /etc/highwater, readOnly: true}
        - {name: state, mountPath: /var/lib/highwater}
        {{- range $index, $one := .Values.secrets }}
        - name: secret-{{ $index }}
          mountPath: {{ default (printf "/run/secrets/%s" $one.existingSecret) $one.mountPath }}
          readOnly: true
        {{- end }}
        {{- range $index, $one := .Values.configMaps }}
        - name: configmap-{{ $index }}
          mountPath: {{ $one.mountPath }}
          readOnly: true
        {{- end }}
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: config
      projected:
        sources:
          - configMap: {name: {{ include "highwater.fullname" . }}, items: [{key: highwater.yaml, path: highwater.yaml}]}
          {{- if .Values.rules }}
          - configMap:
              name: {{ include "highwater.fullname" . }}-rules
              items:
                {{- range $name := keys .Values.rules | sortAlpha }}
                - {key: {{ $name }}.yaml, path: rules.d/{{ $name }}.yaml}
                {{- end }}
          {{- end }}
          {{- if .Values.runbooks }}
          - configMap:
              name: {{ include "highwater.fullname" . }}-runbooks
              items:
                {{- range $name := keys .Values.runbooks | sortAlpha }}
                - {key: {{ $name }}.md, path: runbooks.d/{{ $name }}.md}
                {{- end }}
          {{- end }}
    - name: state
      {{- if and .Values.persistence.enabled (eq .Values.mode "deployment") }}
      persistentVolumeClaim: {claimName: {{ include "highwater.claimName" . }}}
      {{- else }}
      emptyDir: {sizeLimit: {{ .Values.persistence.size }}}
      {{- end }}
    {{- range $index, $one := .Values.secrets }}
    - name: secret-{{ $index }}
      secret:
        secretName: {{ $one.existingSecret }}
        defaultMode: 0440
        {{- if $one.optional }}
        optional: true
        {{- end }}
        {{- with $one.items }}
        items:
          {{- toYaml . | nindent 10 }}
        {{- end }}
    {{- end }}
    {{- range $index, $one := .Values.configMaps }}
    - name: configmap-{{ $index }}
      configMap:
        name: {{ $one.existingConfigMap }}
    {{- end }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .Values.tolerations }}
  tolerations:
    {{- toYaml .Values.tolerations | nindent 4 }}
  {{- else if eq .Values.mode "daemonset" }}
  tolerations:
    - operator: Exists
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if and .Values.topologySpreadConstraints (eq .Values.mode "deployment") }}
  topologySpreadConstraints:
    {{- range .Values.topologySpreadConstraints }}
    - {{- toYaml (merge . (dict "labelSelector" (dict "matchLabels" (dict "app.kubernetes.io/name" (include "highwater.name" $))))) | nindent 6 }}
    {{- end }}
  {{- end }}
{{- end }}
