k create configmap a --from-literal=k=v
k create configmap b --from-literal=k=w
fails 'lready exists' create configmap b --from-literal=k=w
k label configmap a app=x
shows 'configmap/a created' create configmap a --from-literal=k=v --dry-run=client
shows 'a ' get configmaps
shows 'k: v' get configmap a -o yaml
shows '"k": "v"' get configmap a -o json
shows 'configmap/a' get configmap a -o name
[[ $(k get configmaps -l app=x -o jsonpath='{.items[*].metadata.name}') == a ]]
[[ $(k get configmaps --field-selector metadata.name=b -o name) == configmap/b ]]
[[ $(k get configmap a -o go-template='{{.data.k}}') == v ]]
shows 'NAME' get configmap a -o custom-columns=NAME:.metadata.name
shows 'app=x' get configmaps --show-labels
shows 'node-1' get nodes -o wide
shows 'kube-system' get namespaces
shows 'default' get services --all-namespaces
shows 'Name:' describe configmap a
shows 'node-1' describe node node-1
[[ $(k get configmaps -l app=x --chunk-size=1 -o name) == configmap/a ]]
fails 'configmaps "none" not found' get configmap none
timeout 20 "$KUBECTL" get configmaps --watch --request-timeout=3s >watched || true
grep -q '^a ' watched
k delete configmap a b
