ns=$(k config view --minify -o jsonpath='{..namespace}')
dns=$(k get service kube-dns -n kube-system -o jsonpath='{.spec.clusterIP}')
shows 'CoreDNS' get service -n kube-system --show-labels
shows 'dns-tcp' describe service kube-dns -n kube-system
shows "$dns:53" get endpoints kube-dns -n kube-system
if [[ $(id -u) != 0 ]]; then
  # Port 53 is not for everybody: what is said of that is tested elsewhere.
  exit 0
fi

# As whoever stands beside the machine's programs asks.
answers() {
  local wanted=$1
  shift
  timeout 60 bash -c 'until dig +short "@$0" "${@:2}" | grep -qxF -- "$1"; do sleep 0.2; done' \
    "$dns" "$wanted" "$@" || complain "dig $*" "$(dig "@$dns" "$@")" "$wanted"
}
api=$(k get service kubernetes -n default -o jsonpath='{.spec.clusterIP}')
answers "$api" kubernetes.default.svc.cluster.local
answers "$api" +tcp kubernetes.default.svc.cluster.local
answers kubernetes.default.svc.cluster.local. -x "$api"
answers '0 100 443 kubernetes.default.svc.cluster.local.' SRV \
  _https._tcp.kubernetes.default.svc.cluster.local

cat >names.yaml <<'Y'
apiVersion: v1
kind: Service
metadata: {name: db}
spec:
  clusterIP: None
  selector: {app: db}
  ports: [{name: sql, port: 5432}]
---
apiVersion: v1
kind: Service
metadata: {name: away}
spec: {type: ExternalName, externalName: kubernetes.default.svc.cluster.local}
---
apiVersion: v1
kind: Pod
metadata: {name: first, labels: {app: db}}
spec:
  hostname: first
  subdomain: db
  terminationGracePeriodSeconds: 0
  containers:
  - {name: main, image: anything, command: [sleep, '600']}
---
apiVersion: v1
kind: Pod
metadata: {name: curious}
spec:
  restartPolicy: Never
  subdomain: db
  hostAliases: [{ip: 192.0.2.7, hostnames: [there.example, there]}]
  dnsConfig: {searches: [example.test], options: [{name: timeout, value: '2'}]}
  containers:
  - name: main
    image: anything
    command:
    - sh
    - -c
    - |
      until getent hosts first.db >/dev/null; do sleep 0.2; done
      for name in first.db db away kubernetes.default there; do
        echo "$name is $(getent hosts $name)"
      done
      cat /etc/resolv.conf /etc/hosts
---
apiVersion: v1
kind: Pod
metadata: {name: plain}
spec:
  restartPolicy: Never
  dnsPolicy: None
  dnsConfig: {nameservers: [192.0.2.53], searches: [a.test]}
  containers:
  - {name: main, image: anything, command: [cat, /etc/resolv.conf]}
Y
k apply -f names.yaml
k wait pod first --for=condition=Ready --timeout=60s
ip=$(k get pod first -o jsonpath='{.status.podIP}')
answers "$ip" "db.$ns.svc.cluster.local"
answers "$ip" "first.db.$ns.svc.cluster.local"
answers "0 100 5432 first.db.$ns.svc.cluster.local." SRV \
  "_sql._tcp.db.$ns.svc.cluster.local"
answers "first.db.$ns.svc.cluster.local." -x "$ip"
answers "$api" "away.$ns.svc.cluster.local"
answers "$ip" "${ip//./-}.$ns.pod.cluster.local"

for pod in curious plain; do
  timeout 60 bash -c "until '$KUBECTL' get pod $pod -o jsonpath='{.status.phase}' | grep -q Succeeded; do sleep 0.2; done"
done
shows "first.db is $ip" logs curious
shows "db is $ip" logs curious
shows "away is $api" logs curious
shows "kubernetes.default is $api" logs curious
shows 'there is 192.0.2.7' logs curious
shows "nameserver $dns" logs curious
shows "search $ns.svc.cluster.local svc.cluster.local cluster.local" logs curious
shows 'options ndots:5 timeout:2' logs curious
shows '# Kubernetes-managed hosts file.' logs curious
shows "curious.db.$ns.svc.cluster.local	curious" logs curious
shows 'nameserver 192.0.2.53' logs plain
shows 'search a.test' logs plain

k delete pod first --now
timeout 60 bash -c "until dig '@$dns' 'db.$ns.svc.cluster.local' | grep -q NXDOMAIN; do sleep 0.2; done"
k delete service,pod --all --now
