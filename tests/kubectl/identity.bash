ns=$(k config view --minify -o jsonpath='{..namespace}')
server=$(k config view --minify --raw -o jsonpath='{.clusters[0].cluster.server}')
k config view --minify --raw \
  -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' |
  base64 -d >ca.crt

# Waits until a command succeeds; every other wait here is kubectl's own.
until_true() {
  local end=$((SECONDS + 30))
  until "$@" >last 2>&1; do
    ((SECONDS < end)) || complain "$*" "$(cat last)" "success in 30 s"
  done
}

# kubectl as whoever has a token and nothing else.
as() {
  local token=$1
  shift
  "$KUBECTL" --kubeconfig /dev/null --server "$server" \
    --certificate-authority ca.crt --token "$token" "$@"
}

web() { curl -sS --cacert ca.crt --max-time 20 "$@"; }

# -- accounts and their secrets ------------------------------------------------
k create serviceaccount builder
has_secret() { [[ -n $(k get serviceaccount "$1" -o jsonpath='{.secrets[0].name}') ]]; }
until_true has_secret default
until_true has_secret builder
secret=$(k get serviceaccount builder -o jsonpath='{.secrets[0].name}')
shows 'kubernetes.io/service-account-token' get secret "$secret"
token=$(k get secret "$secret" -o jsonpath='{.data.token}' | base64 -d)
[[ $(k get secret "$secret" -o jsonpath='{.data.namespace}' | base64 -d) == "$ns" ]]
k get secret "$secret" -o jsonpath='{.data.ca\.crt}' | base64 -d | cmp - ca.crt
shows 'BEGIN CERTIFICATE' get configmap kube-root-ca.crt -o yaml

# It is somebody, but may do nothing yet.
fails_as() {
  local output
  if output=$(as "$@" 2>&1); then complain "$*" "$output" failure; fi
  [[ $output == *"$wanted"* ]] || complain "$*" "$output" "$wanted"
}
wanted="User \"system:serviceaccount:$ns:builder\" cannot list resource \"pods\""
fails_as "$token" get pods -n "$ns"
k create rolebinding builder --clusterrole=view --serviceaccount="$ns:builder"
can_see() { as "$token" get pods -n "$ns"; }
until_true can_see

# -- tokens that end -----------------------------------------------------------
ask='{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":600}}'
path="/api/v1/namespaces/$ns/serviceaccounts/builder/token"
brief=$(echo "$ask" | k create --raw "$path" -f - |
  python3 -c 'import json,sys; print(json.load(sys.stdin)["status"]["token"])')
as "$brief" get pods -n "$ns"
if k create --help | grep -q '^ *token '; then
  as "$(k create token builder)" get pods -n "$ns"
fi
review() {
  printf '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"%s"}}' "$1" |
    k create -f - -o jsonpath='{.status.authenticated} {.status.user.username} {.status.error}'
}
[[ $(review "$brief") == "true system:serviceaccount:$ns:builder"* ]]
[[ $(review "${brief}x") == *"invalid bearer token"* ]]
k get --raw /openid/v1/jwks | grep -q '"kid"'
k get --raw /.well-known/openid-configuration | grep -q jwks_uri

# -- who is nobody -------------------------------------------------------------
answer=$(web -H "Authorization: Bearer ${brief}x" "$server/api/v1/namespaces/$ns/pods")
[[ $answer == *'"message":"Unauthorized","reason":"Unauthorized","code":401'* ||
  $(echo "$answer" | tr -d ' \n') == *'"message":"Unauthorized","reason":"Unauthorized","code":401'* ]]
[[ $(web "$server/api/v1/namespaces/$ns/pods") == *system:anonymous* ]]
# Two who ask over one connection are two.
answer=$(web -H "Authorization: Bearer $brief" "$server/apis/authorization.k8s.io/v1/selfsubjectrulesreviews" \
  -X POST -H 'Content-Type: application/json' -o /dev/null -w '%{http_code}' \
  -d '{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectRulesReview","spec":{"namespace":"default"}}' \
  --next -sS --cacert ca.crt "$server/api/v1/namespaces/$ns/pods")
[[ $answer == 201*system:anonymous* ]] || complain web "$answer" "two callers"

# -- as somebody else ----------------------------------------------------------
shows yes auth can-i list pods --as "system:serviceaccount:$ns:builder"
[[ $(k auth can-i delete pods --as "system:serviceaccount:$ns:builder" 2>&1 || true) == *no* ]]
fails "User \"jane\" cannot list resource \"secrets\"" get secrets --as jane
shows yes auth can-i '*' '*' --as jane --as-group system:masters
wanted="cannot impersonate resource \"users\" in API group \"\" at the cluster scope"
fails_as "$token" get pods -n "$ns" --as jane
code=$(web -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $brief" \
  -H 'Impersonate-Group: g' "$server/api")
[[ $code == 500 ]]

# -- who reads only runs nothing -----------------------------------------------
# Clients of WebSocket ask with GET.
k create role "reads" --verb=get --resource=pods/exec,pods
k create rolebinding reads --role=reads --serviceaccount="$ns:builder"
socket() {
  web --http1.1 -H "Authorization: Bearer $brief" -H 'Connection: Upgrade' \
    -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
    -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \
    -H 'Sec-WebSocket-Protocol: v4.channel.k8s.io' \
    "$server/api/v1/namespaces/$ns/pods/none/exec?command=ls&stdout=1"
}
refused() { [[ $(socket) == *'cannot create resource \"pods/exec\"'* ]]; }
until_true refused
k create role "runs" --verb=create --resource=pods/exec
k create rolebinding runs --role=runs --serviceaccount="$ns:builder"
allowed() { [[ $(socket) == *'pods \"none\" not found'* ]]; }
until_true allowed

# -- what is said of refusals --------------------------------------------------
answer=$(web -H "Authorization: Bearer $brief" "$server/api/v1/namespaces/$ns/secrets/x" | tr -d ' \n')
[[ $answer == *'"details":{"name":"x","kind":"secrets"}'* ]] || complain web "$answer" details
answer=$(web -H "Authorization: Bearer $brief" "$server/metrics" | tr -d ' \n')
[[ $answer == *'"details":{}'* ]] || complain web "$answer" "empty details"
answer=$(web -i -H 'Audit-Id: of-mine' "$server/version")
[[ ${answer,,} == *'audit-id: of-mine'* && ${answer,,} == *'date: '*' gmt'* ]] ||
  complain web "$answer" "Audit-Id and Date"

# -- bootstrap tokens, somebody else in detail ---------------------------------
id=$(head -c 64 /dev/urandom | base64 | tr -dc a-z0-9 | head -c 6)
half=$(head -c 128 /dev/urandom | base64 | tr -dc a-z0-9 | head -c 16)
k create -f - <<YAML
apiVersion: v1
kind: Secret
metadata: {name: bootstrap-token-$id, namespace: kube-system}
type: bootstrap.kubernetes.io/token
stringData:
  token-id: $id
  token-secret: $half
  usage-bootstrap-authentication: "true"
  auth-extra-groups: "system:bootstrappers:here"
YAML
self=/apis/authentication.k8s.io/v1/selfsubjectreviews
whoami='{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}'
answer=$(echo "$whoami" | as "$id.$half" create --raw "$self" -f -)
for part in "system:bootstrap:$id" system:bootstrappers system:bootstrappers:here; do
  [[ $answer == *"\"$part\""* ]] || complain "create --raw" "$answer" "$part"
done
k delete secret -n kube-system "bootstrap-token-$id"
umask 077
config() { k config view --minify --raw -o jsonpath="{.users[0].user.$1}" | base64 -d; }
config client-certificate-data >admin.crt
config client-key-data >admin.key
answer=$(web --cert admin.crt --key admin.key "$server$self" -H 'Content-Type: application/json' \
  -H 'Impersonate-User: jane' -H 'Impersonate-Uid: u-1' -H 'Impersonate-Group: dev' \
  -H 'Impersonate-Extra-Scopes: view' -H 'Impersonate-Extra-Acme.com%2fproject: x' \
  -d "$whoami" | tr -d ' \n')
for part in '"username":"jane"' '"uid":"u-1"' '"dev"' '"scopes":["view"]' '"acme.com/project":["x"]'; do
  [[ $answer == *"$part"* ]] || complain web "$answer" "$part"
done

# -- questions -----------------------------------------------------------------
for version in v1 v1beta1; do
  list=groups
  [[ $version == v1 ]] || list=group
  answers=$(k create -o yaml -f - <<YAML
apiVersion: authorization.k8s.io/$version
kind: SelfSubjectAccessReview
spec: {resourceAttributes: {verb: get, resource: pods, namespace: $ns}}
---
apiVersion: authorization.k8s.io/$version
kind: SubjectAccessReview
spec: {user: bob, $list: ["system:masters"], resourceAttributes: {verb: get, resource: pods}}
---
apiVersion: authorization.k8s.io/$version
kind: LocalSubjectAccessReview
metadata: {namespace: $ns}
spec: {user: bob, resourceAttributes: {verb: get, resource: pods, namespace: $ns}}
---
apiVersion: authorization.k8s.io/$version
kind: SelfSubjectRulesReview
spec: {namespace: $ns}
---
apiVersion: authentication.k8s.io/$version
kind: TokenReview
spec: {token: $brief}
YAML
)
  for part in 'allowed: true' 'allowed: false' 'incomplete: false' 'authenticated: true' "$list:"; do
    [[ $answers == *"$part"* ]] || complain "create $version" "$answers" "$part"
  done
  [[ $(grep -c "/$version\$" <<<"$answers") == 5 ]] || complain "create" "$answers" "five of $version"
done
for version in v1beta1 v1alpha1; do
  path="/apis/authentication.k8s.io/$version/selfsubjectreviews"
  answer=$(echo "${whoami/v1/$version}" | k create --raw "$path" -f -)
  [[ $answer == *'"username"'* ]] || complain "$path" "$answer" username
done
fails 'metadata: Invalid value:' create -f - <<YAML
apiVersion: authorization.k8s.io/v1
kind: SelfSubjectAccessReview
metadata: {name: named}
spec: {resourceAttributes: {verb: get, resource: pods}}
YAML

# -- pods find theirs ----------------------------------------------------------
k create -f - <<YAML
apiVersion: v1
kind: Pod
metadata: {name: looks}
spec:
  serviceAccountName: builder
  restartPolicy: Never
  containers:
  - name: looks
    image: looks
    command: [sh, -c, 'd=/var/run/secrets/kubernetes.io/serviceaccount; [ -d \$d ] || d=\$(env | sed -n "s/^TROUPE_VOLUME_kube_api_access_[a-z0-9]*=//p"); cat \$d/token; echo; cat \$d/namespace; echo; echo \$KUBERNETES_SERVICE_HOST']
YAML
ended() { [[ $(k get pod looks -o jsonpath='{.status.phase}') == Succeeded ]]; }
until_true ended
k logs looks >seen
inside=$(head -1 seen)
[[ $(sed -n 2p seen) == "$ns" && -n $(sed -n 3p seen) ]]
[[ $(review "$inside") == "true system:serviceaccount:$ns:builder"* ]] ||
  complain "token of the pod" "$(review "$inside")" true
k delete pod looks
gone() { [[ $(review "$inside") != true* ]]; }
until_true gone

# -- the end of an account -----------------------------------------------------
k delete serviceaccount builder
secret_gone() { ! k get secret "$secret"; }
until_true secret_gone
wanted='You must be logged in to the server'
fails_as "$brief" get pods -n "$ns"

# -- certificates --------------------------------------------------------------
request() {
  local name=$1 subject=$2 signer=$3
  openssl req -new -newkey rsa:2048 -nodes -keyout "$name.key" \
    -out "$name.csr" -subj "$subject" 2>/dev/null
  k create -f - <<YAML
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: $ns-$name}
spec:
  request: $(base64 -w0 <"$name.csr")
  signerName: $signer
  expirationSeconds: 3600
  usages: [digital signature, client auth]
YAML
}
wanted='use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed'
if output=$(request m /O=system:masters/CN=m kubernetes.io/kube-apiserver-client 2>&1); then
  complain csr "$output" failure
fi
[[ $output == *"$wanted"* ]] || complain csr "$output" "$wanted"
wanted='signer for the API server itself is not allowed'
if output=$(request s /CN=kube-apiserver kubernetes.io/kube-apiserver-client 2>&1); then
  complain csr "$output" failure
fi
[[ $output == *"$wanted"* ]] || complain csr "$output" "$wanted"
request jane /O=dev/CN=jane kubernetes.io/kube-apiserver-client
shows Pending get csr "$ns-jane"
shows approved certificate approve "$ns-jane"
issued() { [[ -n $(k get csr "$ns-jane" -o jsonpath='{.status.certificate}') ]]; }
until_true issued
k get csr "$ns-jane" -o jsonpath='{.status.certificate}' | base64 -d >jane.crt
[[ $(web --cert jane.crt --key jane.key "$server/api/v1/secrets") == *'User \"jane\" cannot list'* ]]
request joe /O=dev/CN=joe kubernetes.io/kube-apiserver-client
shows denied certificate deny "$ns-joe"
shows Denied get csr "$ns-joe"
k delete csr "$ns-jane" "$ns-joe"
# Who may write requests may not decide about them.
k create clusterrole "$ns-writes" --verb=get,list,update,patch,create \
  --resource=certificatesigningrequests,certificatesigningrequests/approval
k create clusterrolebinding "$ns-writes" --clusterrole="$ns-writes" --user=mallory
request max /O=dev/CN=max kubernetes.io/kube-apiserver-client
forbidden() {
  [[ $(k certificate approve "$ns-max" --as mallory 2>&1) == *'user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"'* ]]
}
until_true forbidden
k delete csr "$ns-max"
k delete clusterrolebinding "$ns-writes"
k delete clusterrole "$ns-writes"

# -- what strangers are told ---------------------------------------------------
web "$server/api/v1/namespaces/kube-public/configmaps/cluster-info" | grep -q 'jws-kubeconfig-'
