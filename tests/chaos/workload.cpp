#include "tests/chaos/workload.hpp"

#include "messages/api/apps.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"

#include <algorithm>
#include <fstream>

namespace troupe::test {

namespace {

using core::v1::Pod;

/// Ends with 37 on USR1 and with 0 on TERM; does nothing else.
constexpr auto waiter = R"(["/bin/sh", "-c",
            "trap 'exit 37' USR1; trap 'exit 0' TERM; while :; do sleep 9999 & wait; done"])";

constexpr auto probe_command = "/bin/true";

constexpr auto manifest = R"(apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{port: 80, targetPort: http}]
---
apiVersion: v1
kind: Service
metadata: {name: set}
spec:
  selector: {app: set}
  ports: [{name: a, port: 1234}, {name: b, port: 1235, targetPort: 99}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
        - name: web
          image: troupe/web:1
          command: ["@web@", serve]
          ports: [{name: http, containerPort: 8080}]
          env: [@mark@, {name: CONTAINER, value: web},
            {name: PORT, value: "8080"}, {name: POD_IP,
             valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
          startupProbe:
            tcpSocket: {port: http}
            periodSeconds: 1
          readinessProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 1
          livenessProbe:
            exec: {command: ["/bin/true"]}
            periodSeconds: 2
            timeoutSeconds: 20
            failureThreshold: 10
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: set}
spec:
  replicas: 2
  selector: {matchLabels: {app: set}}
  template:
    metadata: {labels: {app: set}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
        - name: main
          image: none
          command: @waiter@
          env: [@mark@, {name: CONTAINER, value: main}]
---
apiVersion: v1
kind: ReplicationController
metadata: {name: rc}
spec:
  replicas: 2
  selector: {app: rc}
  template:
    metadata: {labels: {app: rc}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
        - name: main
          image: none
          command: @waiter@
          env: [@mark@, {name: CONTAINER, value: main}]
---
apiVersion: v1
kind: Pod
metadata: {name: once}
spec:
  restartPolicy: OnFailure
  terminationGracePeriodSeconds: 2
  containers:
    - name: main
      image: none
      command: @waiter@
      env: [@mark@, {name: CONTAINER, value: main}]
---
apiVersion: v1
kind: Pod
metadata: {name: helped}
spec:
  terminationGracePeriodSeconds: 2
  volumes: [{name: shared, emptyDir: {}}]
  initContainers:
    - name: first
      image: none
      command: ["/bin/sh", "-c", "echo $POD_UID >$TROUPE_VOLUME_shared/uid"]
      volumeMounts: [{name: shared, mountPath: tmp/shared-with}]
      env: [@mark@, {name: CONTAINER, value: first}]
    - name: beside
      image: none
      restartPolicy: Always
      command: @waiter@
      env: [@mark@, {name: CONTAINER, value: beside}]
  containers:
    - name: main
      image: none
      command: @waiter@
      env: [@mark@, {name: CONTAINER, value: main}]
)";

void replace_all(std::string& text, const std::string& from,
                 const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
}

bool is_active(const seen_pod& pod) {
  return pod.phase != "Succeeded" && pod.phase != "Failed";
}

void take_status(const core::v1::ContainerStatus& from, seen_container& to) {
  to.id = from.container_id();
  to.restarts = from.restart_count();
  to.ready = from.ready();
  to.waits = from.state().waiting().reason();
  if (auto& why = from.state().waiting().message(); !why.empty())
    to.waits += ": " + why;
  if (!from.last_state().has_terminated())
    return;
  to.last_code = from.last_state().terminated().exit_code();
  to.last_reason = from.last_state().terminated().reason();
}

seen_pod seen(const object& from) {
  auto& pod = from.as<Pod>();
  seen_pod result;
  result.uid = from.uid();
  for (auto& owner : from.meta().owner_references())
    result.owner = owner.kind() + "/" + owner.name();
  result.node = pod.spec().node_name();
  result.ip = pod.status().pod_ip();
  result.phase = pod.status().phase();
  result.leaving = from.meta().has_deletion_timestamp();
  for (auto& c : pod.status().conditions())
    result.ready |= c.type() == "Ready" && c.status() == "True";
  for (auto& c : pod.status().init_container_statuses())
    take_status(c, result.containers[c.name()]);
  for (auto& c : pod.status().container_statuses())
    take_status(c, result.containers[c.name()]);
  return result;
}

/// "web" of "Deployment" pods, whose owner is ReplicaSet/web-HASH.
std::string group_of(const std::string& name, const seen_pod& pod) {
  if (pod.owner.empty())
    return name;
  if (pod.owner == "ReplicaSet/set")
    return "set";
  if (pod.owner == "ReplicationController/rc")
    return "rc";
  return pod.owner.rfind("ReplicaSet/web-", 0) == 0 ? "web" : pod.owner;
}

} // namespace

std::string shown(const seen_pods& pods) {
  std::string out;
  for (auto& [name, x] : pods) {
    out += "\n  " + name + " " + x.uid + " " + x.phase + " on " + x.node + " "
           + x.ip + (x.ready ? " ready" : "") + (x.leaving ? " leaving" : "");
    for (auto& [container, c] : x.containers) {
      out += "\n    " + container + " restarts=" + std::to_string(c.restarts)
             + (c.ready ? " ready" : "") + " pids:";
      for (auto pid : c.mains)
        out += " " + std::to_string(pid);
      if (!c.waits.empty())
        out += " waits: " + c.waits;
      if (c.last_code >= 0)
        out += " before: " + c.last_reason + " " + std::to_string(c.last_code);
    }
  }
  return out;
}

bool workload::apply() {
  std::string text = manifest;
  replace_all(text, "@waiter@", waiter);
  replace_all(text, "@web@", cluster_.program("web-server"));
  replace_all(text, "@mark@",
              "{name: TEST_CLUSTER, value: \"" + cluster_.folder().string()
                  + "\"}, {name: POD_UID, valueFrom: {fieldRef: {fieldPath: "
                    "metadata.uid}}}");
  std::ofstream{cluster_.folder() / "workload.yaml"} << text;
  return cluster_.run("apply -f "
                      + (cluster_.folder() / "workload.yaml").string());
}

expected<seen_pods> workload::pods() {
  auto found = cluster_.list(kind_of<Pod>());
  if (!found)
    return found.error();
  processes_ = processes();
  std::map<pid_t, std::string> names;
  for (auto& p : processes_)
    names[p.pid] = p.name;
  seen_pods result;
  for (auto& pod : *found)
    result[pod.name()] = seen(pod);
  for (auto& p :
       with_variable(processes_, "TEST_CLUSTER", cluster_.folder().string())) {
    // A container's own process is a child of its init.
    if (names[p.parent] != "troupe-init" || p.name == "troupe-init"
        || p.command.rfind(probe_command, 0) == 0)
      continue;
    for (auto& [name, pod] : result)
      if (p.environment["POD_UID"] == pod.uid)
        pod.containers[p.environment["CONTAINER"]].mains.push_back(p.pid);
  }
  return result;
}

std::string workload::counts(const seen_pods& pods, const wished& wish) {
  std::map<std::string, int> wanted{
      {"web", wish.web}, {"set", wish.set}, {"rc", wish.rc}};
  for (auto& names : {lone_pods, wish.extra})
    for (auto& name : names)
      wanted[name] = 1;
  std::map<std::string, int> found;
  for (auto& [name, pod] : pods) {
    ++found[group_of(name, pod)];
    if (pod.leaving)
      return name + " is still leaving";
    if (is_active(pod) && !pod.ready)
      return name + " is not ready";
  }
  for (auto& [group, count] : wanted)
    if (found[group] != count)
      return group + " has " + std::to_string(found[group]) + " pods, not "
             + std::to_string(count);
  for (auto& [group, count] : found)
    if (wanted.count(group) == 0 && count > 0)
      return group + " should not be there";
  return {};
}

/// Processes that no pod accounts for, or twice, and pods that have none.
std::string workload::strangers(const seen_pods& pods) {
  std::map<std::string, std::string> uids;
  std::set<std::string> addresses;
  for (auto& [name, pod] : pods) {
    if (!is_active(pod))
      continue;
    uids[pod.uid] = name;
    if (!addresses.insert(pod.ip).second)
      return name + " has the address of another: " + pod.ip;
    for (auto& [container, c] : pod.containers)
      if (c.ready && container != "first" && c.mains.size() != 1)
        return name + " " + container + " has " + std::to_string(c.mains.size())
               + " processes";
  }
  auto holders = shims(processes_, cluster_.data());
  for (auto& [uid, pid] : holders)
    if (uids.count(uid) == 0)
      return "shim " + std::to_string(pid) + " holds unknown pod " + uid;
    else if (holders.count(uid) > 1)
      return uids[uid] + " has two shims";
  for (auto& [uid, name] : uids)
    if (holders.count(uid) == 0)
      return name + " has no shim";
  for (auto& p :
       with_variable(processes_, "TEST_CLUSTER", cluster_.folder().string()))
    if (uids.count(p.environment["POD_UID"]) == 0)
      return "process " + std::to_string(p.pid) + " is of no pod: " + p.command;
  return {};
}

/// Status of the sets and the Service's endpoints, which follow the pods.
std::string workload::followers(const seen_pods& pods, const wished& wish) {
  auto web = cluster_.get(kind_of<apps::v1::Deployment>(), "web");
  if (!web)
    return message_of(web.error());
  auto& status = web->as<apps::v1::Deployment>().status();
  if (status.observed_generation() != web->meta().generation()
      || status.replicas() != wish.web || status.updated_replicas() != wish.web
      || status.ready_replicas() != wish.web)
    return "the Deployment's status is behind: " + status.ShortDebugString();
  std::set<std::string> wanted;
  for (auto& [name, pod] : pods)
    if (group_of(name, pod) == "web")
      wanted.insert(pod.ip);
  auto slices = cluster_.list(kind_of<discovery::v1::EndpointSlice>(),
                              "default", "kubernetes.io/service-name=web");
  if (!slices)
    return message_of(slices.error());
  std::set<std::string> told;
  for (auto& slice : *slices)
    for (auto& e : slice.as<discovery::v1::EndpointSlice>().endpoints())
      told.insert(e.addresses().begin(), e.addresses().end());
  return told == wanted ? "" : "the Service does not lead to its pods";
}

std::string workload::unrest(const wished& wish) {
  auto now = pods();
  if (!now)
    return message_of(now.error());
  auto what = counts(*now, wish);
  if (what.empty())
    what = strangers(*now);
  if (what.empty())
    what = followers(*now, wish);
  return what.empty() ? what : what + shown(*now);
}

std::string workload::settle(const std::function<wished()>& wish,
                             std::chrono::seconds most) {
  std::string what;
  wait_until([&] { return (what = unrest(wish())).empty(); }, most);
  return what;
}

std::vector<std::string> workload::allocations() {
  std::vector<std::string> result;
  auto found = cluster_.list(kind_of<core::v1::Service>());
  if (!found)
    return result;
  for (auto& service : *found) {
    auto& spec = service.as<core::v1::Service>().spec();
    auto line = service.name() + ": " + spec.cluster_ip();
    for (auto& port : spec.ports())
      line += " " + std::to_string(port.node_port());
    result.push_back(line);
  }
  std::sort(result.begin(), result.end());
  return result;
}

} // namespace troupe::test
