k create quota small --hard=pods=2,configmaps=3,requests.cpu=1
until [[ $(k get quota small -o 'jsonpath={.status.used.configmaps}') ]]; do :; done
k create configmap one
fails 'exceeded quota: small, requested: configmaps=1, used: configmaps=3, limited: configmaps=3' \
  create -f - <<<'{"apiVersion":"v1","kind":"List","items":[
    {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"two"}},
    {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"three"}},
    {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"four"}}]}'
fails 'failed quota: small: must specify requests.cpu for: a' run a --image=pause
shows 'configmaps' describe quota small
k delete configmap one
until [[ $(k get quota small -o 'jsonpath={.status.used.configmaps}') == 2 ]]; do :; done
k delete quota small

k apply -f - <<<'{"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"r"},
  "spec":{"limits":[{"type":"Container","default":{"cpu":"200m"},"max":{"cpu":"1"}}]}}'
k run filled --image=pause
[[ $(k get pod filled -o 'jsonpath={.spec.containers[0].resources.limits.cpu}') == 200m ]]
fails 'maximum cpu usage per Container is 1, but limit is 2' create -f - <<<'{
  "apiVersion":"v1","kind":"Pod","metadata":{"name":"big"},"spec":{"containers":[
  {"name":"c","image":"i","resources":{"limits":{"cpu":"2"}}}]}}'
shows 'Container' describe limits r
k delete limits r
k delete pod filled --now
