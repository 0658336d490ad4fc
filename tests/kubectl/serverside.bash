apply() {
  k apply --server-side "$@"
}

cat >map.yaml <<'Y'
apiVersion: v1
kind: ConfigMap
metadata: {name: owned}
data: {one: "1", two: "2"}
Y
[[ $(apply -f map.yaml) == "configmap/owned serverside-applied" ]]
revision=$(k get configmap owned -o jsonpath='{.metadata.resourceVersion}')
apply -f map.yaml
[[ $(k get configmap owned -o jsonpath='{.metadata.resourceVersion}') == "$revision" ]]
[[ $(k get configmap owned -o jsonpath='{.metadata.managedFields[*].manager}/{.metadata.managedFields[*].operation}') == kubectl/Apply ]]
# What is not applied any more goes.
sed -i 's/, two: "2"//' map.yaml
apply -f map.yaml
[[ $(k get configmap owned -o jsonpath='{.data}') == '{"one":"1"}' ]]
# Somebody else has it now.
k patch configmap owned -p '{"data":{"one":"9","three":"3"}}'
fails 'using v1: .data.one' apply --server-side -f map.yaml
fails 'with 1 conflict' apply --server-side -f map.yaml --field-manager other
apply -f map.yaml --force-conflicts
[[ $(k get configmap owned -o jsonpath='{.data.one}{.data.three}') == 13 ]]
# Two share what is the same.
apply -f map.yaml --field-manager other
k patch configmap owned --type=json -p '[{"op":"test","path":"/data/one","value":"1"}]'
fails 'The request is invalid' patch configmap owned --type=json -p '[{"op":"test","path":"/data/one","value":"2"}]'
shows 'serverside-applied (server dry run)' apply --server-side -f <(sed 's/one: "1"/two: "2"/' map.yaml) --dry-run=server
[[ $(k get configmap owned -o jsonpath='{.data.two}') == '' ]]
# The server says what would change.
k diff --server-side -f <(sed 's/one: "1"/one: "1", two: "2"/' map.yaml) >changes || true
grep -q 'two: "2"' changes
fails 'field not declared in schema' apply --server-side --validate=false -f - <<'Y'
apiVersion: v1
kind: ConfigMap
metadata: {name: wrong}
datum: {a: b}
Y
# From client-side apply to server-side.
cat >web.yaml <<'Y'
apiVersion: apps/v1
kind: Deployment
metadata: {name: moved}
spec:
  replicas: 0
  selector: {matchLabels: {app: moved}}
  template:
    metadata: {labels: {app: moved}}
    spec:
      containers: [{name: c, image: busybox, ports: [{containerPort: 80}]}]
Y
k apply -f web.yaml
sed -i 's/image: busybox/image: nginx/' web.yaml
apply -f web.yaml
[[ $(k get deployment moved -o jsonpath='{.spec.template.spec.containers[*].image}') == nginx ]]
k get deployment moved -o jsonpath='{.metadata.annotations}' | grep -q 'nginx'
k scale deployment moved --replicas=2
fails 'with subresource "scale"' apply --server-side -f web.yaml --field-manager other
k scale deployment moved --replicas=0
k delete -f web.yaml -f map.yaml
