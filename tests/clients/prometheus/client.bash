# Runs Prometheus ($PROMETHEUS) with what KUBECONFIG says: it scrapes the API
# server, and through it the pods that the API names. Debian's program has no
# discovery of Kubernetes' own, so that a file says which they are.
set -euo pipefail

program='cd $(mktemp -d) && echo served_total 7 >metrics && exec /usr/bin/python3 -m http.server 8080'
$KUBECTL run web --image=any --labels=app=web --port=8080 --restart=Never \
  --overrides='{"spec":{"terminationGracePeriodSeconds":0,"containers":[{"name":"web","image":"any","command":["sh","-c","'"$program"'"],"readinessProbe":{"periodSeconds":1,"tcpSocket":{"port":8080}}}]}}'
$KUBECTL wait --for=condition=Ready pod/web --timeout=60s

server=$($KUBECTL config view --minify -o 'jsonpath={.clusters[0].cluster.server}')
server=${server#https://}
value_of() {
  $KUBECTL config view --minify --raw -o "jsonpath={$1}" | base64 -d
}
umask 077
value_of '.clusters[0].cluster.certificate-authority-data' >ca.crt
value_of '.users[0].user.client-certificate-data' >client.crt
value_of '.users[0].user.client-key-data' >client.key
$KUBECTL get pods -l app=web -o go-template='[{{range .items}}{"targets":["'"$server"'"],"labels":{"pod":"{{.metadata.name}}","__metrics_path__":"/api/v1/namespaces/{{.metadata.namespace}}/pods/{{.metadata.name}}:8080/proxy/metrics"}}{{end}}]' \
  >pods.json
cat >prometheus.yml <<EOF
global:
  scrape_interval: 1s
scrape_configs:
- job_name: apiserver
  scheme: https
  tls_config: &keys
    ca_file: ca.crt
    cert_file: client.crt
    key_file: client.key
  static_configs:
  - targets: ["$server"]
- job_name: pods
  scheme: https
  tls_config: *keys
  file_sd_configs:
  - files: [pods.json]
EOF

port=$((20000 + RANDOM % 20000))
"$PROMETHEUS" --config.file=prometheus.yml --storage.tsdb.path=data \
  --web.listen-address=127.0.0.1:$port >prometheus.log 2>&1 &
process=$!
trap 'kill $process 2>/dev/null && wait $process || true' EXIT

# Asks until the answer has the text; the caller's time limit ends what never
# comes.
shows() {
  local text=$1 answer
  until answer=$(curl -sf "http://127.0.0.1:$port/api/v1/query?query=$2") \
    && [[ $answer == *"$text"* ]]; do
    kill -0 $process || { cat prometheus.log; exit 1; }
    read -rt 0.1 <> <(:) || true
  done
}
shows '"job":"apiserver"' 'up%7Bjob%3D%22apiserver%22%7D==1'
shows '"resource":"pods"' 'apiserver_request_total%7Bresource%3D%22pods%22%7D'
shows '"7"]' 'served_total%7Bpod%3D%22web%22%7D'
