cat >web.yaml <<'Y'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: anything
        command: [sh, -c, 'echo hello; trap "exit 0" TERM; while true; do sleep 1 & wait; done']
Y
k apply -f web.yaml
k rollout status deployment/web --timeout=60s
shows '2/2' get deployment web
shows 'Running' get pods -l app=web
k wait pod -l app=web --for=condition=Ready --timeout=60s
shows 'hello' logs deployment/web
shows 'Replicas:' describe deployment web
k scale deployment web --replicas=1
k set env deployment/web A=B
k rollout status deployment/web --timeout=60s
shows 'REVISION' rollout history deployment/web
k rollout undo deployment/web
k rollout status deployment/web --timeout=60s
k expose deployment web --port=80
shows 'ClusterIP' get service web
k autoscale deployment web --max=3
shows 'Deployment/web' get hpa web
k run one --image=anything --restart=Never --command -- sh -c 'echo from one'
timeout 60 bash -c "until '$KUBECTL' get pod one -o jsonpath='{.status.phase}' | grep -q Succeeded; do sleep 0.2; done"
shows 'from one' logs one
fails 'pods "none" not found' logs none
shows 'Scheduled' get events
shows 'yes' auth can-i create pods
k delete deployment,service,hpa,pod --all --wait
shows 'No resources found' get pods
