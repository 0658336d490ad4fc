# Asks with curl, over HTTP/2 and over HTTP/1.1.
set -euo pipefail

server=$($KUBECTL config view --minify -o 'jsonpath={.clusters[0].cluster.server}')
value_of() {
  $KUBECTL config view --minify --raw -o "jsonpath={$1}" | base64 -d
}
umask 077
value_of '.clusters[0].cluster.certificate-authority-data' >ca.crt
value_of '.users[0].user.client-certificate-data' >client.crt
value_of '.users[0].user.client-key-data' >client.key

ask() {
  # As a program: those that look like curl get what eyes can read.
  curl -sS --max-time 30 -A program/1 --cacert ca.crt --cert client.crt --key client.key "$@"
}

# expect TEXT ARGS...: the answer has the text.
expect() {
  local text=$1 answer
  shift
  answer=$(ask "$@") || { echo "failed: $*" >&2; exit 1; }
  [[ $answer == *"$text"* ]] && return
  printf 'curl %s\nanswered:\n%s\nexpected: %s\n' "$*" "$answer" "$text" >&2
  exit 1
}

maps=$server/api/v1/namespaces/$NAMESPACE/configmaps
map='{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"NAME"},"data":{"a":"b"}}'
json='Content-Type: application/json'
for version in --http2 --http1.1; do
  name=map${version//[^0-9]/}
  expect "${version#--http}" "$version" -o /dev/null -w '%{http_version}' "$server/version"
  expect '201' "$version" -o /dev/null -w '%{http_code}' -H "$json" \
    --data "${map/NAME/$name}" "$maps"
  expect '409' "$version" -o /dev/null -w '%{http_code}' -H "$json" \
    --data "${map/NAME/$name}" "$maps"
  expect "\"name\":\"$name\"" "$version" "$maps/$name"
  expect '"type":"ADDED"' "$version" "$maps?watch=true&timeoutSeconds=1"
  # Several at once over one connection, each answered.
  expect '200 200 200 ' "$version" --parallel -o /dev/null -w '%{http_code} ' \
    "$server/healthz" -o /dev/null "$maps" -o /dev/null "$server/openapi/v2"
  expect 'ncoding: gzip' "$version" -o /dev/null -D - \
    -H 'Accept-Encoding: gzip' "$server/openapi/v2"
  # Nothing but what was meant.
  expect '413' "$version" -o /dev/null -w '%{http_code}' -H "$json" \
    --data-binary @<(head -c 4000000 /dev/zero) "$maps"
  expect '"code":404' "$version" "$server/api/v1/nonsense"
  expect '"code":405' "$version" -X PUT "$server/version"
  expect '"code":415' "$version" -H 'Content-Type: text/html' --data x "$maps"
  expect '"code": 406' "$version" -H 'Accept: text/html' "$maps"
  expect '"kind":"Status"' "$version" -X DELETE "$maps/$name"
done
# Who shows no certificate is nobody.
nobody=$(curl -sS --max-time 30 --cacert ca.crt "$maps")
[[ $nobody == *'User \"system:anonymous\" cannot list'* ]] \
  || { echo "$nobody" >&2; exit 1; }
