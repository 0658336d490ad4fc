# Commands as a curious user tries them: one a line, TEXT that it must print,
# then the command. Lines that begin with `!` must fail and say TEXT.
table() {
  local line text words
  while IFS='|' read -r text line; do
    [[ -n $line ]] || continue
    eval "words=($line)"
    if [[ $text == !* ]]; then
      fails "${text#!}" "${words[@]}"
    else
      shows "$text" "${words[@]}"
    fi
  done
}

ns=$(k config view --minify -o jsonpath='{..namespace}')
cat >web.yaml <<'Y'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {set: a}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: c, image: any, command: [sh, -c, 'echo hello; exec sleep 600']}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {set: a}}
data: {a: b}
Y
cat >web-role.yaml <<Y
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web, namespace: $ns}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
Y
printf 'resources: [web.yaml]\nnamePrefix: x-\n' >kustomization.yaml

table <<T
namespace/$ns-more created|create ns $ns-more
role.rbac.authorization.k8s.io/r created|create role r --verb=get,list --resource=pods
rolebinding.rbac.authorization.k8s.io/b created|create rolebinding b --role=r --user=joe
clusterrole.rbac.authorization.k8s.io/$ns created|create clusterrole $ns --verb=get --resource=nodes
clusterrolebinding.rbac.authorization.k8s.io/$ns created|create clusterrolebinding $ns --clusterrole=$ns --user=joe
subjects updated|set subject rolebinding b --user=jill
reconciled|auth reconcile -f web-role.yaml
!no|auth can-i delete pods --as=jill
priorityclass.scheduling.k8s.io/$ns created|create priorityclass $ns --value=10 --description=x
secret/s created|create secret generic s --from-literal=a=b
secret/d created|create secret docker-registry d --docker-username=a --docker-password=b --docker-email=c
service/sc created|create service clusterip sc --tcp=80:80
service/sn created|create service nodeport sn --tcp=80:80
service/se created|create service externalname se --external-name=a.b
selector updated|set selector service sc a=b
serviceaccount/sa created|create serviceaccount sa
ingress.networking.k8s.io/i created|create ingress i --rule=a.b/*=sc:80 --class=x
poddisruptionbudget.policy/p created|create poddisruptionbudget p --selector=app=none --min-available=1
cronjob.batch/cj created|create cronjob cj --image=any --schedule='*/5 * * * *' -- date
job.batch/jb created|create job jb --image=any -- date
deployment.apps/web created|apply -f web.yaml
"a": "b"|apply view-last-applied -f web.yaml -o json
set: a|apply view-last-applied deploy web
settings configured|apply set-last-applied -f web.yaml
deployment.apps/x-web created|apply -k .
configmap "x-settings" deleted|delete -k . --wait=false
replaced|replace --save-config -f web.yaml
replaced|replace --force --grace-period=1 -f web.yaml
(no change)|patch deploy web -p '{"spec":{"replicas":1}}'
patched|patch -f web.yaml -p '{"metadata":{"labels":{"q":"r"}}}'
!The request is invalid|patch deploy web --type=json -p '[{"op":"test","path":"/spec/replicas","value":7}]'
successfully rolled out|rollout status deploy/web --timeout=60s
condition met|wait --for=condition=Available deploy/web --timeout=60s
!Expected replicas to be 9|scale deploy web --current-replicas=9 --replicas=2
scaled|scale deploy web --current-replicas=1 --replicas=2
successfully rolled out|rollout status deploy/web --timeout=60s
hello|logs -l app=web --prefix
[pod/web-|logs -l app=web --prefix --tail=1
hel|logs deploy/web --limit-bytes=3
hello|logs deploy/web --all-containers --since=1h
hello|logs deploy/web --since-time=2020-01-01T00:00:00Z --timestamps
!previous terminated container|logs deploy/web -p
!container none is not valid for pod|logs deploy/web -c none
env updated|set env deploy/web X=Y
X=Y|set env deploy/web --list
env updated|set env --from=configmap/settings deploy/web
image updated|set image deploy/web c=other
resource requirements updated|set resources deploy web --requests=cpu=1m
serviceaccount updated|set serviceaccount deploy web sa
paused|rollout pause deploy/web
resumed|rollout resume deploy/web
restarted|rollout restart deploy/web
!unable to find specified revision 99|rollout undo deploy/web --to-revision=99
REVISION|rollout history deploy/web
successfully rolled out|rollout status deploy/web --timeout=60s
<none>|get deploy web -o custom-columns=N:.none
web|get pods -L app --sort-by=.metadata.creationTimestamp
deployment.apps/web|get all
No resources found|get pods --field-selector status.phase=Nope
!field label not supported|get pods --field-selector spec.none=1
"kind":"PodList"|get --raw /api/v1/namespaces/$ns/pods?limit=1
AGE|get pods --server-print=false
annotated|annotate cm settings a=b
!--overwrite is false|annotate cm settings a=c
a=b|annotate cm settings --list
annotated|annotate cm settings a-
set=a|label cm settings --list
labeled|label cm -l set=a x=y
labeled|label cm settings x-
configmap/settings labeled|label cm settings x=y --dry-run=server
!Metrics API not available|top pod
!Metrics API not available|top node
!certificatesigningrequests.certificates.k8s.io "none" not found|certificate approve none
Cluster info dumped|cluster-info dump --output-directory=dump
FIELDS|explain hpa --api-version=autoscaling/v2
terminationGracePeriodSeconds|explain pod --recursive
configmaps|api-resources --verbs=list --namespaced -o name
nodes|api-resources --namespaced=false --no-headers
deployments|api-resources --sort-by=name -o wide
Client Version|version --client
!no matching resources found|wait --for=condition=Ready pod -l app=none --timeout=1s
configmap/settings|delete cm settings -o name
deployment.apps "web" deleted|delete deploy web --cascade=orphan
replicaset.apps/web-|get rs -o name
deleted|delete rs -l app=web
!configmaps "none" not found|delete --raw /api/v1/namespaces/$ns/configmaps/none
deleted|delete ns $ns-more --wait=false
deleted|delete clusterrole,clusterrolebinding,priorityclass $ns
deleted|delete ingress,pdb,job,cronjob,svc --all --wait=false
T
