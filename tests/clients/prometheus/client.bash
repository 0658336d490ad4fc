# Runs Prometheus ($PROMETHEUS) with what KUBECONFIG says: it finds pods and
# endpoints through the API, and scrapes the API server.
set -euo pipefail

$KUBECTL create service clusterip web --tcp=80:80
$KUBECTL run web --image=any --labels=app=web --port=80 --restart=Never \
  --command -- sleep 600
$KUBECTL wait --for=condition=Ready pod/web --timeout=60s

server=$($KUBECTL config view --minify -o 'jsonpath={.clusters[0].cluster.server}')
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
  - targets: ["${server#https://}"]
- job_name: pods
  kubernetes_sd_configs: &discovery
  - role: pod
    api_server: $server
    tls_config: *keys
    namespaces: {names: ["$NAMESPACE"]}
- job_name: endpoints
  kubernetes_sd_configs:
  - role: endpoints
    api_server: $server
    tls_config: *keys
    namespaces: {names: ["$NAMESPACE"]}
- job_name: nodes
  kubernetes_sd_configs:
  - role: node
    api_server: $server
    tls_config: *keys
EOF
value_of() {
  $KUBECTL config view --minify --raw -o "jsonpath={$1}" | base64 -d
}
umask 077
value_of '.clusters[0].cluster.certificate-authority-data' >ca.crt
value_of '.users[0].user.client-certificate-data' >client.crt
value_of '.users[0].user.client-key-data' >client.key

port=$((20000 + RANDOM % 20000))
"$PROMETHEUS" --config.file=prometheus.yml --storage.tsdb.path=data \
  --web.listen-address=127.0.0.1:$port >prometheus.log 2>&1 &
process=$!
trap 'kill $process; wait $process || true' EXIT

# Asks until the answer has the text; the caller's time limit ends what never
# comes.
shows() {
  local text=$1 answer
  until answer=$(curl -sf "http://127.0.0.1:$port/api/v1/$2") \
    && [[ $answer == *"$text"* ]]; do
    kill -0 $process || { cat prometheus.log; exit 1; }
    read -rt 0.1 <> <(:) || true
  done
}
shows '"__meta_kubernetes_pod_name":"web"' 'targets?state=any'
shows '"__meta_kubernetes_endpoints_name":"web"' 'targets?state=any'
shows '"__meta_kubernetes_node_name"' 'targets?state=any'
shows '"job":"apiserver"' 'query?query=up%7Bjob%3D%22apiserver%22%7D==1'
shows '"resource":"pods"' 'query?query=apiserver_request_total%7Bresource%3D%22pods%22%7D'
