k apply -f - <<<'{"apiVersion":"networking.k8s.io/v1beta1","kind":"Ingress","metadata":{"name":"old"},
  "spec":{"rules":[{"host":"a.b","http":{"paths":[{"path":"/","backend":{"serviceName":"s","servicePort":80}}]}}]}}'
[[ $(k get ingress.v1.networking.k8s.io old -o 'jsonpath={.spec.rules[0].http.paths[0].backend.service.name}') == s ]]
[[ $(k get ingress.v1beta1.networking.k8s.io old -o 'jsonpath={.spec.rules[0].http.paths[0].backend.serviceName}') == s ]]
[[ $(k get ingress.v1beta1.extensions old -o 'jsonpath={.apiVersion}') == extensions/v1beta1 ]]
shows 'a.b' get ingress
shows 'a.b' describe ingress old
k delete ingress old

k apply -f - <<<'{"apiVersion":"policy/v1beta1","kind":"PodDisruptionBudget","metadata":{"name":"guard"},
  "spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"kept"}}}}'
shows 'guard' get pdb
k run kept --image=any --labels=app=kept --command -- sleep 600
until [[ $(k get pdb guard -o 'jsonpath={.status.currentHealthy}') == 1 ]]; do :; done
node=$(k get pod kept -o 'jsonpath={.spec.nodeName}')
fails 'evict' drain "$node" --ignore-daemonsets --force --timeout=2s --pod-selector=app=kept
k delete pdb guard
k drain "$node" --ignore-daemonsets --force --pod-selector=app=kept
k uncordon "$node"

k apply -f - <<<'{"apiVersion":"batch/v1beta1","kind":"CronJob","metadata":{"name":"c"},"spec":{
  "schedule":"*/5 * * * *","suspend":true,"jobTemplate":{"spec":{"template":{"spec":{
  "restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}}}'
shows '*/5 * * * *' get cronjob c
k delete cronjob c
k create deployment scaled --image=pause
k autoscale deployment scaled --max=4 --cpu-percent=70
[[ $(k get horizontalpodautoscalers.v2beta2.autoscaling scaled -o 'jsonpath={.spec.metrics[0].resource.target.averageUtilization}') == 70 ]]
[[ $(k get horizontalpodautoscalers.v2beta1.autoscaling scaled -o 'jsonpath={.spec.metrics[0].resource.targetAverageUtilization}') == 70 ]]
k describe hpa scaled >/dev/null
k delete hpa,deployment scaled
shows 'apiserver_request_total{' get --raw /metrics
shows 'discovery.k8s.io/v1beta1' api-versions

# Kinds that went with their old version, or had more in it.
k apply -f - <<<'{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{"name":"open"},
  "spec":{"privileged":true,"volumes":["*"],"runAsUser":{"rule":"RunAsAny"},"seLinux":{"rule":"RunAsAny"},
  "fsGroup":{"rule":"RunAsAny"},"supplementalGroups":{"rule":"RunAsAny"}}}'
shows 'RunAsAny' get psp open
[[ $(k get psp open -o 'jsonpath={.spec.allowPrivilegeEscalation}') == true ]]
k delete psp open
k apply -f - <<<'{"apiVersion":"apiextensions.k8s.io/v1beta1","kind":"CustomResourceDefinition",
  "metadata":{"name":"as.g.example.com"},"spec":{"group":"g.example.com","version":"v1","scope":"Namespaced",
  "names":{"plural":"as","kind":"A"},"subresources":{"status":{}}}}'
[[ $(k get customresourcedefinitions.v1.apiextensions.k8s.io as.g.example.com \
  -o 'jsonpath={.spec.versions[0].name} {.spec.versions[0].subresources}') == 'v1 {"status":{}}' ]]
[[ $(k get customresourcedefinitions.v1beta1.apiextensions.k8s.io as.g.example.com \
  -o 'jsonpath={.spec.version} {.spec.subresources}') == 'v1 {"status":{}}' ]]
k delete crd as.g.example.com
openssl req -new -newkey rsa:2048 -nodes -keyout old.key -subj /CN=old -out old.csr 2>/dev/null
k apply -f - <<<'{"apiVersion":"certificates.k8s.io/v1beta1","kind":"CertificateSigningRequest",
  "metadata":{"name":"old"},"spec":{"request":"'"$(base64 -w0 old.csr)"'"}}'
[[ $(k get csr old -o 'jsonpath={.spec.signerName}') == kubernetes.io/legacy-unknown ]]
k delete csr old

# What there is from the beginning, in the order of matching.
[[ $(k get flowschemas --no-headers | sed -n '1p;$p' | cut -d' ' -f1 | xargs) == 'exempt catch-all' ]]
k delete flowschema catch-all
until k get flowschema catch-all; do :; done
