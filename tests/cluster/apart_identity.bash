#!/bin/bash
# apart_identity.bash SERVER KEYS FOLDER: makes somebody a certificate and a token,
# as kubectl would, and uses them.
set -euo pipefail
server=$1 keys=$2
cd "$3"
api() {
  local path=$1
  shift
  curl -sSf --cacert "$keys/ca.crt" --max-time 20 "$@" "$server$path"
}
admin() { api "$@" --cert "$keys/admin.pem"; }
json='Content-Type: application/json'
within() {
  local end=$((SECONDS + 40))
  until "$@" >last 2>&1; do
    ((SECONDS < end)) || { echo "$* fails:"; cat last; exit 1; }
  done
}
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
  -keyout jane.key -out jane.csr -subj /O=dev/CN=jane 2>/dev/null
csr=/apis/certificates.k8s.io/v1/certificatesigningrequests
admin $csr -H "$json" -d '{"apiVersion":"certificates.k8s.io/v1",
 "kind":"CertificateSigningRequest","metadata":{"name":"jane"},
 "spec":{"request":"'$(base64 -w0 jane.csr)'","usages":["client auth"],
 "signerName":"kubernetes.io/kube-apiserver-client"}}' >/dev/null
admin $csr/jane/approval -X PATCH \
  -H 'Content-Type: application/merge-patch+json' \
  -d '{"status":{"conditions":[{"type":"Approved","status":"True",
 "reason":"Test","message":"approved"}]}}' >/dev/null
issued() { admin $csr/jane | grep -q '"certificate":'; }
within issued
admin $csr/jane | sed -n 's/.*"certificate": *"\([^"]*\)".*/\1/p' |
  base64 -d >jane.crt
self=/apis/authentication.k8s.io/v1/selfsubjectreviews
who='{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}'
api $self -H "$json" -d "$who" --cert jane.crt --key jane.key | grep -q jane
account=/api/v1/namespaces/default/serviceaccounts/default
within admin $account
admin $account/token -H "$json" \
  -d '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest"}' |
  sed -n 's/.*"token": *"\([^"]*\)".*/Authorization: Bearer \1/p' >token
api $self -H "$json" -d "$who" -H @token |
  grep -q system:serviceaccount:default:default
secret() { admin $account | grep -q '"secrets":'; }
within secret
