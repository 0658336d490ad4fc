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
