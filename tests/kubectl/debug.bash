# Containers that join a pod to look into it, copies of pods, pods that look
# into a node. All run a program of this machine, so that no image is needed.
ns=$(k config view --minify -o jsonpath='{..namespace}')
part="/api/v1/namespaces/$ns/pods/looked/ephemeralcontainers"

k run looked --image=any --restart=Never --command -- sleep 600
k wait --for=condition=Ready pod/looked --timeout=60s

# Waits until the pod's container $1, which joined it, has state $2.
joined() {
  local end=$((SECONDS + 30)) state
  until state=$(k get pod looked -o \
    "jsonpath={.status.ephemeralContainerStatuses[?(@.name==\"$1\")].state}") && [[ $state == *$2* ]]; do
    ((SECONDS < end)) || complain "joined $*" "$state" "$2 in 30 s"
  done
}

# With 1.20 this is a list of its own; since 1.23 it is a patch of the pod.
k debug looked --image=any --container=look -- sh -c 'echo seen; sleep 600'
joined look running
shows 'seen' logs looked -c look
shows 'hello' exec looked -c look -- echo hello
shows 'look' describe pod looked
[[ $(k get pod looked -o 'jsonpath={.status.containerStatuses[*].name}') == looked ]]
shows 'Running' get pod looked

# One that ends is not started again, and the pod goes on.
k debug looked --image=any --container=brief -- sh -c 'exit 3'
joined brief '"exitCode":3'
[[ $(k get pod looked -o 'jsonpath={.status.phase}') == Running ]]

# Attached to, as soon as it runs.
[[ $(echo 'echo it is $((6 * 7)); exit' | k debug -i looked --image=any --container=shell -- sh 2>&1) == *'it is 42'* ]]

joined shell terminated

# None may go or become another, and none may say what holds a pod up.
k get --raw "$part" >pod.json
sed 's/"name":"look"/"name":"other"/' pod.json >other.json
fails 'existing ephemeral containers "look" may not be removed' replace --raw "$part" -f other.json
sed 's/"echo seen; sleep 600"/"sleep 1"/' pod.json >other.json
fails 'existing ephemeral containers "look" may not be changed' replace --raw "$part" -f other.json
sed 's/"name":"brief"/"ports":[{"containerPort":1}],&/' pod.json >other.json
fails 'cannot be set for an Ephemeral Container' replace --raw "$part" -f other.json
sed 's/"name":"brief"/"targetContainerName":"none",&/' pod.json >other.json
fails 'targetContainerName: Not found: "none"' replace --raw "$part" -f other.json
k replace --raw "$part" -f pod.json >/dev/null

k debug looked --copy-to=copy --image=any --container=beside -- sleep 600
k wait --for=condition=Ready pod/copy --timeout=60s
[[ $(k get pod copy -o 'jsonpath={.spec.containers[*].name}') == 'looked beside' ]]
node=$(k get pod looked -o 'jsonpath={.spec.nodeName}')
k debug "node/$node" --image=any -- sleep 600
watcher=$(k get pods -o name | grep node-debugger)
[[ $(k get "$watcher" -o 'jsonpath={.spec.nodeName} {.spec.hostNetwork} {.spec.hostPID}') == "$node true true" ]]
# The node's files are at /host, where the runtime can mount.
if [[ $EUID == 0 ]]; then
  k wait --for=condition=Ready "$watcher" --timeout=60s
  shows 'passwd' exec "$watcher" -- ls /host/etc/passwd
fi
k delete "$watcher" pod/copy pod/looked --now
