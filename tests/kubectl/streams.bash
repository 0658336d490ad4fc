# What flows both ways: commands, attached containers, files, ports, proxies.
# With NODE the pods are on that node.
namespace=$(k config view --minify -o jsonpath='{..namespace}')

cat >pods.yaml <<Y
apiVersion: v1
kind: Pod
metadata: {name: box, labels: {app: box}}
spec:
  nodeSelector: {${NODE:+kubernetes.io/hostname: $NODE}}
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: anything
    command: [sh, -c, 'echo started; trap "exit 0" TERM; while true; do sleep 1 & wait; done']
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  nodeSelector: {${NODE:+kubernetes.io/hostname: $NODE}}
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: anything
    command: [$WEB_SERVER, --port, "8080"]
    ports: [{containerPort: 8080}]
    env:
    - name: POD_IP
      valueFrom: {fieldRef: {fieldPath: status.podIP}}
    readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
Y
k apply -f pods.yaml
k wait pod box web --for=condition=Ready --timeout=60s

# Output, errors and codes.
shows 'hello' exec box -- echo hello
[[ $(k exec box -- sh -c 'echo out; echo err >&2' 2>/dev/null) == out ]]
code=0
k exec box -- sh -c 'exit 3' 2>errors || code=$?
[[ $code == 3 ]] || complain exec "code $code" "code 3"
grep -q 'command terminated with exit code 3' errors
fails 'pods "none" not found' exec none -- true
fails 'container none is not valid for pod box' exec box -c none -- true
fails 'no-such-program' exec box -- no-such-program

# Input, in any amount.
[[ $(echo typed | k exec -i box -- cat) == typed ]]
[[ $(head -c 3000000 /dev/zero | k exec -i box -- wc -c) == 3000000 ]]
[[ $(k exec box -- head -c 3000000 /dev/zero | wc -c) == 3000000 ]]

# A terminal.
if command -v script >/dev/null; then
  [[ $(script -qec "'$KUBECTL' exec -it box -- tty" /dev/null) == */pts/* ]]
fi

# Logs, to their end. A pod without a node has none yet, which is no failure.
k run talks --image=anything --restart=Never --command -- sh -c 'for i in 1 2 3; do echo line $i; sleep 0.2; done'
timeout 60 bash -c 'until "$KUBECTL" logs -f talks >followed 2>&1 && [[ -s followed ]]; do sleep 0.1; done'
grep -q 'line 3' followed || complain 'logs -f' "$(cat followed)" 'line 3'

# Files, both ways.
mkdir -p there
head -c 200000 /dev/urandom >there/bytes
k exec box -- mkdir -p "$PWD/inside"
k cp there/bytes "box:$PWD/inside/bytes"
cmp there/bytes inside/bytes
k cp "box:$PWD/inside/bytes" back
cmp there/bytes back

# Attached.
timeout 60 bash -c "'$KUBECTL' attach box >attached & until grep -q . attached || ! kill -0 \$!; do sleep 0.2; '$KUBECTL' exec box -- true; kill \$! && break; done" || true
[[ $(echo piped | k run echo --image=anything --restart=Never --rm -i --quiet --command -- cat) == *piped* ]]
code=0
k run ends --image=anything --restart=Never --rm -i --command -- sh -c 'read x; exit 4' <<<x >output 2>&1 || code=$?
[[ $code == 4 ]] || complain run "$(cat output), code $code" "code 4"

# Ports.
forwarded() {
  k port-forward "$@" >forwarded 2>&1 &
  forwarder=$!
  timeout 30 bash -c 'until grep -q "Forwarding from 127" forwarded; do sleep 0.1; done'
  local port
  port=$(sed -n 's/Forwarding from 127.0.0.1:\([0-9]*\) .*/\1/p' forwarded)
  for _ in 1 2 3; do
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET / HTTP/1.0\r\nHost: web\r\n\r\n' >&3
    grep -q '200 OK' <&3 || complain "port-forward $*" "$(cat forwarded)" '200 OK'
    exec 3>&-
  done
  kill $forwarder
  wait $forwarder || true
}
forwarded pod/web :8080
forwarded service/web :80

# Proxies.
pods=/api/v1/namespaces/$namespace/pods
services=/api/v1/namespaces/$namespace/services
shows 'ok' get --raw "$pods/web/proxy/healthz"
shows 'ok' get --raw "$pods/http:web:8080/proxy/healthz"
fails 'no endpoints available for service "web"' get --raw "$services/web/proxy/healthz"
shows 'ok' get --raw "$services/web:http/proxy/healthz"
shows 'ok' get --raw "$services/web:80/proxy/healthz"
fails 'no service port 81 found for service "web"' get --raw "$services/web:81/proxy/"
fails 'pods "none" not found' get --raw "$pods/none/proxy/"
fails 'connection refused' get --raw "$pods/web:8081/proxy/"
shows 'ok' get --raw "$services/http:web:http/proxy/healthz"
kubelet=/api/v1/nodes/$(k get pod box -o jsonpath='{.spec.nodeName}')/proxy
shows 'ok' get --raw "$kubelet/healthz"
shows '"name":"box"' get --raw "$kubelet/runningpods/"
shows 'kubelet_running_pods' get --raw "$kubelet/metrics"
shows 'started' get --raw "$kubelet/containerLogs/$namespace/box/main?tailLines=5"
fails 'NotFound' get --raw "$kubelet/containerLogs/$namespace/box/none"
k proxy --port=0 >proxied &
proxy=$!
timeout 30 bash -c 'until grep -q "Starting to serve" proxied; do sleep 0.1; done'
port=$(sed -n 's/.*:\([0-9]*\)$/\1/p' proxied)
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$services/web:http/proxy/healthz" >&3
grep -q '200 OK' <&3 || complain proxy "$(cat proxied)" '200 OK'
exec 3>&-
kill $proxy
k delete pod,service --all --wait
