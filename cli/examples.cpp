#include "cli/examples.hpp"

#include <algorithm>
#include <iterator>

namespace troupe::cli {

namespace {

struct entry {
  std::string_view command;
  std::string_view text;
};

constexpr entry table[] = {
    {"annotate", R"(  # Say why, and take it back
  troupe annotate deployment web note='for the fair'
  troupe annotate deployment web note-
)"},
    {"api-resources", R"(  # All kinds, with short names
  troupe api-resources
  # Those of one group that can be listed
  troupe api-resources --api-group=apps --verbs=list -o name
)"},
    {"apply", R"(  # Make what a file says, and change what differs
  troupe apply -f examples/web.yaml
  # All manifests of a folder
  troupe apply -f manifests/ -R
  # From another program
  cat web.yaml | troupe apply -f -
  # Only say what would happen
  troupe apply -f examples/web.yaml --dry-run=server
  # The server merges, and notes who owns which field
  troupe apply -f examples/web.yaml --server-side
  # Take over what others own
  troupe apply -f examples/web.yaml --server-side --force-conflicts --field-manager=me
)"},
    {"auth", R"(  troupe auth can-i create pods
)"},
    {"auth can-i",
     R"(  troupe auth can-i create deployments.apps -n shop
  troupe auth can-i get pods/web-1 --subresource=log
  # What is no resource
  troupe auth can-i get /metrics
  # All that I may do in a namespace
  troupe auth can-i --list -n shop
)"},
    {"auth whoami", R"(  troupe auth whoami
)"},
    {"certificate", R"(  # Who has which
  troupe certificate list
)"},
    {"certificate approve", R"(  # Somebody asks for a certificate, and gets it
  troupe certificate approve jane
)"},
    {"certificate deny", R"(  troupe certificate deny jane
)"},
    {"certificate list", R"(  troupe certificate list
)"},
    {"certificate revoke",
     R"(  # All that a node has, so that it cannot come back
  troupe certificate revoke node-4
  # One of them, by its serial
  troupe certificate revoke 5f0c3d1e9a7b42868f13c5d0a1b2c3d4
)"},
    {"cordon", R"(  troupe cordon node-2
)"},
    {"create", R"(  # Make what a file says; it must not be there yet
  troupe create -f examples/web.yaml
)"},
    {"create clusterrole",
     R"(  troupe create clusterrole pod-reader --verb=get,list,watch --resource=pods
  # What is no resource
  troupe create clusterrole metrics --verb=get --non-resource-url=/metrics
  # All rules of the roles with a label
  troupe create clusterrole sum --aggregation-rule=example.com/part=true
)"},
    {"create clusterrolebinding",
     R"(  troupe create clusterrolebinding ops --clusterrole=cluster-admin --group=ops
)"},
    {"create configmap",
     R"(  troupe create configmap site --from-literal=title=Hello
  # Each file becomes a key
  troupe create configmap site --from-file=index.html --from-file=pages/
  # Lines of KEY=VALUE
  troupe create configmap site --from-env-file=site.env
)"},
    {"create deployment",
     R"(  troupe create deployment web --image=troupe/web:1 --replicas=3
  # With a command instead of the image's own
  troupe create deployment clock --image=clock -- sh -c 'while date; do sleep 1; done'
  # Only print the manifest
  troupe create deployment web --image=troupe/web:1 --dry-run=client -o yaml
)"},
    {"create namespace", R"(  troupe create namespace shop
)"},
    {"create role",
     R"(  troupe create role pod-reader --verb=get,list --resource=pods,pods/log
  # Only one object
  troupe create role site --verb=update --resource=configmaps --resource-name=site
)"},
    {"create rolebinding",
     R"(  troupe create rolebinding readers --role=pod-reader --user=jane
  # A program in the cluster, with a role that every namespace has
  troupe create rolebinding site --clusterrole=edit --serviceaccount=shop:site
)"},
    {"create secret",
     R"(  troupe create secret generic db --from-literal=password=secret
)"},
    {"create secret tls",
     R"(  troupe create secret tls web --cert=web.crt --key=web.key
)"},
    {"create secret docker-registry",
     R"(  troupe create secret docker-registry hub --from-file=config.json
)"},
    {"create secret generic",
     R"(  troupe create secret generic db --from-literal=password=secret
  # Values that shall not be seen in the list of processes
  troupe create secret generic db --from-file=password=password.txt
)"},
    {"create service", R"(  troupe create service clusterip web --tcp=80:8080
)"},
    {"create service clusterip",
     R"(  # Port 80 leads to port 8080 of pods with the label app=web
  troupe create service clusterip web --tcp=80:8080
  # Headless
  troupe create service clusterip web --clusterip=None --tcp=8080
)"},
    {"create service externalname",
     R"(  troupe create service externalname db --external-name=db.example.com
)"},
    {"create service loadbalancer",
     R"(  troupe create service loadbalancer web --tcp=80:8080
)"},
    {"create service nodeport",
     R"(  troupe create service nodeport web --tcp=80:8080 --node-port=30080
)"},
    {"create serviceaccount", R"(  troupe create serviceaccount builder
)"},
    {"create token", R"(  # For an hour, for the API server
  troupe create token builder
  # For somebody else, and no longer than a pod lives
  troupe create token builder --audience vault --duration 10m --bound-object-kind Pod --bound-object-name web-1
)"},
    {"delete", R"(  # By name, by file, by label
  troupe delete pod web-1
  troupe delete -f examples/web.yaml
  troupe delete pods,services -l app=web
  # At once
  troupe delete pod web-1 --now
  # Leave the pods alone
  troupe delete replicaset web-1 --cascade=orphan
  # A node: its certificate stays good, so that it may come back
  troupe delete node node-4
)"},
    {"describe", R"(  troupe describe pod web-1
  troupe describe nodes
  # All pods whose name begins so
  troupe describe pod web
)"},
    {"down", R"(  # End everything
  troupe down
  # Pods go on serving; `troupe up` finds them again, or `troupe node`
  troupe down --keep-pods
)"},
    {"drain", R"(  troupe drain node-2 --ignore-daemonsets
  # Also pods that nothing would start again elsewhere, and emptyDir data
  troupe drain node-2 --force --delete-emptydir-data
)"},
    {"events", R"(  troupe events
  troupe events --for pod/web-1
  troupe events -A --types=Warning --watch
)"},
    {"exec", R"(  troupe exec web-1 -- date
  # A shell
  troupe exec -it deployment/web -- sh
  # In one of several containers
  troupe exec web-1 -c main -- env
)"},
    {"explain", R"(  troupe explain pod
  troupe explain deployment.spec.strategy
  troupe explain service --recursive
)"},
    {"expose", R"(  # One address for all pods of a deployment
  troupe expose deployment web --port=80 --target-port=8080
  troupe expose deployment web --port=80 --target-port=8080 --type=NodePort --name=web-outside
)"},
    {"get", R"(  troupe get pods
  troupe get deployments,services -o wide
  troupe get pod web-1 -o yaml
  # Only those with a label, in all namespaces, and then what changes
  troupe get pods -A -l app=web -w
  # Parts of objects
  troupe get service web -o 'jsonpath={.spec.clusterIP}'
  troupe get pods -o custom-columns=NAME:.metadata.name,NODE:.spec.nodeName
  troupe get pods -o 'go-template={{range .items}}{{.metadata.name}} {{end}}'
)"},
    {"image", R"(  troupe image list
)"},
    {"image list", R"(  troupe image list
  # All that is known of one
  troupe image list troupe/web:1 -o json
)"},
    {"image load", R"(  # What `docker save` has written, or an OCI layout
  troupe image load app.tar.gz
  docker save app:1 | troupe image load -
  # A folder that is one, and knows only a tag
  troupe image load layout/ --name team/app
)"},
    {"image pull", R"(  troupe image pull nginx:1.25
  # As somebody, for another kind of machine
  troupe image pull registry.example.com/app:2 --auth-file config.json --platform linux/arm64
)"},
    {"image remove", R"(  troupe image remove nginx:1.25
)"},
    {"kill", R"(  # It is back at once
  troupe kill controllers/replicaset
  # A node's kubelet and container runtime are away for a while
  troupe kill kubelet/node-2 --for 30s
)"},
    {"label", R"(  troupe label pod web-1 tier=front
  troupe label pod web-1 tier=back --overwrite
  troupe label pods --all tier-
)"},
    {"logs", R"(  troupe logs web-1
  # The last lines, then what follows
  troupe logs deployment/web --tail=20 -f
  # Of one container; of the run before the present one
  troupe logs web-1 -c main --previous
  # Of all containers of all pods with a label
  troupe logs -l app=web --all-containers --prefix
)"},
    {"patch", R"(  troupe patch deployment web -p '{"spec":{"replicas":5}}'
  troupe patch service web --type=json -p '[{"op":"remove","path":"/spec/selector"}]'
)"},
    {"replace", R"(  troupe replace -f examples/web.yaml
)"},
    {"rollout", R"(  troupe rollout status deployment/web
  troupe rollout undo deployment/web
)"},
    {"rollout history", R"(  troupe rollout history deployment/web
  troupe rollout history deployment/web --revision=2
)"},
    {"rollout pause", R"(  troupe rollout pause deployment/web
)"},
    {"rollout restart", R"(  troupe rollout restart deployment/web
)"},
    {"rollout resume", R"(  troupe rollout resume deployment/web
)"},
    {"rollout status", R"(  troupe rollout status deployment/web --timeout=60s
)"},
    {"rollout undo", R"(  # To the revision before, or to an older one
  troupe rollout undo deployment/web
  troupe rollout undo deployment/web --to-revision=2
)"},
    {"run", R"(  troupe run web --image=troupe/web:1 --port=8080
  # Another command
  troupe run sleeper --image=sleeper --restart=Never --command -- sleep 60
)"},
    {"scale", R"(  troupe scale deployment web --replicas=5
  # Only if there are 3 now
  troupe scale deployment web --current-replicas=3 --replicas=5
)"},
    {"set", R"(  troupe set image deployment/web web=troupe/web:2
)"},
    {"set image", R"(  troupe set image deployment/web web=troupe/web:2
  # Of all containers
  troupe set image deployment/web '*=troupe/web:2'
)"},
    {"status", R"(  troupe status
  troupe status -o json
)"},
    {"node", R"(  # A node of the cluster that runs on this machine
  troupe node
  troupe node --name node-4 --detach
  # On another machine: `troupe token create` says what goes into the file
  troupe node --join 10.0.0.1:6444 --token-file token
  # A scheduler alone; the first of several is active
  troupe node --roles scheduler --detach
)"},
    {"server",
     R"(  # On another machine: makes it one of the cluster's servers, for good
  troupe server --join 192.168.1.10:6444 --token-file token --detach
  # And again, whenever that machine has started
  troupe server --detach
  # With a log of its own of who changes what by way of it
  troupe server --audit-policy-file audit.yaml --audit-log-path audit.log --detach
  # What `up --processes` runs for each server but the first
  troupe server --name server-2
  # And `up --apart` for each component: store, apiserver, http
  troupe server --roles store
)"},
    {"store", R"(  # Who takes part, and how each is
  troupe store status
)"},
    {"store alarm", R"(  troupe store alarm list
  troupe store alarm disarm space server-2
)"},
    {"store alarm disarm", R"(  troupe store alarm disarm space server-2
)"},
    {"store alarm list", R"(  troupe store alarm list
)"},
    {"store compact", R"(  troupe store compact 5000
)"},
    {"store hash", R"(  troupe store hash
  troupe store hash --revision 4000
)"},
    {"store member", R"(  troupe store member list
  troupe store member remove server-3
)"},
    {"store member add",
     R"(  # As many as survive what shall be survived: 3 or 5
  troupe store member add

  # In the place of one that lost its disk
  troupe store member remove server-3
  troupe store member add server-3
)"},
    {"store member list", R"(  troupe store member list
)"},
    {"store member promote", R"(  troupe store member promote server-4
)"},
    {"store member remove", R"(  troupe store member remove server-3
  troupe store member remove 2
)"},
    {"store move-leader", R"(  # To a server, or to whoever is furthest
  troupe store move-leader server-2
  troupe store move-leader
)"},
    {"store restore",
     R"(  # A new cluster that goes on where the old one was saved
  troupe store restore backup.troupe --data-dir /tmp/again
  troupe up --data-dir /tmp/again --detach
)"},
    {"store snapshot", R"(  troupe store snapshot backup.troupe
)"},
    {"store status", R"(  troupe store status
)"},
    {"taint", R"(  troupe taint node node-2 dedicated=db:NoSchedule
  troupe taint node node-2 dedicated:NoSchedule-
)"},
    {"token",
     R"(  # What another machine joins by, within the next hour and once
  troupe token create --ttl 1h --uses 1
)"},
    {"token create", R"(  troupe token create
  # The whole command for the other machine
  troupe token create --ttl 1h --uses 1 --print-join-command
  # For ever, and for servers
  troupe token create --ttl 0 --role server --description 'second site'
)"},
    {"token delete", R"(  troupe token delete abcdef
)"},
    {"token list", R"(  troupe token list
)"},
    {"topology", R"(  troupe topology
  troupe topology kubelet/node-2
)"},
    {"uncordon", R"(  troupe uncordon node-2
)"},
    {"up", R"(  # Three nodes, in the background
  troupe up --nodes 3 --detach
  # A second cluster beside it
  troupe up --data-dir /tmp/other --port 0 --detach
  # Three servers, each with all of the state; kill any of their processes
  troupe up --servers 3 --processes --detach
  # Reached from other machines, too
  troupe up --bind-address 192.168.1.10 --detach
  # Every component and every node in a process of its own; kill any of them
  troupe up --apart --nodes 3 --detach
  # A hundred nodes whose pods are only told of
  troupe up --nodes 100 --runtime simulated --detach
  # With Kubernetes' own scheduler and controllers in place of ours, which find
  # the cluster by the kubeconfig: kube-scheduler --kubeconfig FILE
  # --leader-elect, kube-controller-manager --kubeconfig FILE --leader-elect.
  # "none" brings ours back: whoever holds the Lease in kube-system is active
  troupe up --without scheduler,controllers --detach
  # Containers of images, by crun or runc: of registries, of `troupe image
  # load`, or of folders (images/NAME with a config.json and a rootfs)
  troupe up --runtime oci --detach
  # With the state in an etcd that nobody else uses, over TLS; the next start
  # finds it again. "leveldb" goes back to the own store, as it was
  troupe up --store etcd://10.0.0.1:2379,10.0.0.2:2379,10.0.0.3:2379 \
    --store-ca ca.crt --store-cert client.crt --store-key client.key
  # Note who changes what, and let users in by tokens of a file
  troupe up --audit-policy-file audit.yaml --audit-log-path audit.log --token-auth-file users.csv --detach
)"},
    {"wait", R"(  troupe wait pod/web-1 --for=condition=Ready --timeout=60s
  troupe wait pod/web-1 --for=delete
  troupe wait pod/web-1 --for=jsonpath='{.status.phase}'=Running
)"},
    {"why", R"(  troupe why deployment/web
  troupe why pod/web-1
)"},
};

} // namespace

std::string_view examples_of(std::string_view command) {
  auto found = std::find_if(std::begin(table), std::end(table),
                            [&](auto& x) { return x.command == command; });
  return found == std::end(table) ? std::string_view{} : found->text;
}

} // namespace troupe::cli
