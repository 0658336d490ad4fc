cat >a.yaml <<'Y'
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {one: "1", two: "2"}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80}, {name: other, port: 81}]
Y
shows 'configmap/settings created' apply -f a.yaml
shows 'configmap/settings unchanged' apply -f a.yaml
sed -i 's/, two: "2"//; s/one: "1"/one: "3"/; s/, {name: other, port: 81}//' a.yaml
k diff -f a.yaml >changes || true
grep -q 'one: "3"' changes
shows 'settings configured' apply -f a.yaml
[[ $(k get configmap settings -o jsonpath='{.data}') == '{"one":"3"}' ]]
[[ $(k get service web -o jsonpath='{.spec.ports[*].port}') == 80 ]]
shows 'configured (server dry run)' apply -f <(sed 's/one: "3"/one: "4"/' a.yaml) --dry-run=server
[[ $(k get configmap settings -o jsonpath='{.data.one}') == 3 ]]
fails 'unknown field' apply -f - <<'Y'
apiVersion: v1
kind: ConfigMap
metadata: {name: wrong}
datum: {a: b}
Y
fails 'is invalid' create -f - <<'Y'
apiVersion: v1
kind: ConfigMap
metadata: {name: Not_A_Name}
Y
k patch configmap settings -p '{"data":{"two":"2"}}'
k patch configmap settings --type=merge -p '{"data":{"two":null}}'
k patch configmap settings --type=json -p '[{"op":"add","path":"/data/three","value":"3"}]'
[[ $(k get configmap settings -o jsonpath='{.data.three}') == 3 ]]
k annotate configmap settings a=b
k label configmap settings a=b
k get configmap settings -o yaml | sed 's/three: "3"/three: "5"/' | k replace -f -
[[ $(k get configmap settings -o jsonpath='{.data.three}') == 5 ]]
KUBE_EDITOR='sed -i s/three/four/' k edit configmap settings
[[ $(k get configmap settings -o jsonpath='{.data.four}') == 5 ]]
shows 'configmap "settings" deleted' delete -f a.yaml
fails 'not found' delete configmap settings
k delete configmap settings --ignore-not-found
