#include "messages/api/coordination.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/printing/describe_kinds.hpp"
#include "runtime/printing/node_status.hpp"
#include "runtime/text/quantity.hpp"

#include <algorithm>
#include <map>

namespace troupe::printing {

namespace {

using core::v1::Node;
using core::v1::Pod;
using text::quantity;

using amount_map = std::map<std::string, quantity>;

template <class Map>
amount_map read(const Map& list) {
  amount_map result;
  for (const auto& [name, amount] : list)
    result[name] = quantity::of(amount);
  return result;
}

void add(amount_map& sum, const amount_map& x) {
  for (const auto& [name, amount] : x)
    sum[name] += amount;
}

void raise(amount_map& most, const amount_map& x) {
  for (const auto& [name, amount] : x) {
    auto& own = most[name];
    own = std::max(own, amount);
  }
}

/// What a pod takes in all: its containers together, or more while it starts.
template <class Get>
amount_map of_pod(const core::v1::PodSpec& spec, Get get) {
  amount_map running;
  amount_map sidecars;
  amount_map peak;
  for (const auto& x : spec.containers())
    add(running, read(get(x.resources())));
  for (const auto& x : spec.init_containers()) {
    auto own = read(get(x.resources()));
    if (x.restart_policy() == "Always") {
      add(running, own);
      add(sidecars, own);
      own = sidecars;
    } else {
      add(own, sidecars);
    }
    raise(peak, own);
  }
  raise(running, peak);
  for (auto& [name, amount] : read(get(spec.resources())))
    running[name] = amount;
  // Overhead is no limit where there is none.
  for (const auto& [name, amount] : read(spec.overhead()))
    if (auto& own = running[name]; !own.is_zero())
      own += amount;
  return running;
}

amount_map requests_of(const core::v1::PodSpec& spec) {
  auto result = of_pod(
      spec, [](const auto& r) -> const auto& { return r.requests(); });
  for (const auto& [name, amount] : read(spec.overhead()))
    if (result[name].is_zero())
      result[name] = amount;
  return result;
}

amount_map limits_of(const core::v1::PodSpec& spec) {
  return of_pod(
      spec, [](const auto& r) -> const auto& { return r.limits(); });
}

std::string with_share(const std::string& name, const amount_map& taken,
                       const amount_map& whole) {
  auto i = taken.find(name);
  auto amount = i == taken.end() ? quantity{} : i->second;
  auto all = whole.find(name);
  auto share = all == whole.end() || all->second.is_zero()
                   ? 0.0
                   : amount.as_double() / all->second.as_double() * 100;
  return fmt::format("{} ({}%)", amount.str(), static_cast<int64_t>(share));
}

void describe_taints(description& d, const Node& node) {
  if (node.spec().taints_size() == 0) {
    d.line(0, "Taints:\t<none>");
    return;
  }
  std::map<std::pair<std::string, std::string>, std::string> sorted;
  for (const auto& x : node.spec().taints())
    sorted[{x.effect(), x.key()}] =
        x.key() + (x.value().empty() ? "" : "=" + x.value()) + ":" + x.effect();
  std::string lead = "Taints:";
  for (const auto& entry : sorted) {
    d.line(0, "{}\t{}", lead, entry.second);
    lead.clear();
  }
}

void describe_lease(description& d, const subject& x) {
  for (const auto& lease : x.all<coordination::v1::Lease>()) {
    if (lease.name() != x.what.name() || lease.ns() != "kube-node-lease")
      continue;
    const auto& spec = lease.as<coordination::v1::Lease>().spec();
    d.line(0, "Lease:");
    d.line(1, "HolderIdentity:\t{}", or_else(spec.holder_identity(), unset));
    d.line(1, "AcquireTime:\t{}",
           spec.has_acquire_time() ? date_text(spec.acquire_time()) : unset);
    d.line(1, "RenewTime:\t{}",
           spec.has_renew_time() ? date_text(spec.renew_time()) : unset);
  }
}

void describe_node_conditions(description& d, const Node& node) {
  if (node.status().conditions_size() == 0)
    return;
  d.line(0, "Conditions:");
  d.line(1, "Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\t"
            "Message");
  d.line(1, "----\t------\t-----------------\t------------------\t------\t"
            "-------");
  for (const auto& x : node.status().conditions())
    d.line(1, "{} \t{} \t{} \t{} \t{} \t{}", x.type(), x.status(),
           date_text(x.last_heartbeat_time()),
           date_text(x.last_transition_time()), x.reason(), x.message());
}

template <class Map>
void describe_list(description& d, const char* title, const Map& list) {
  if (list.empty())
    return;
  d.line(0, "{}:", title);
  for (const auto& [name, amount] : read(list))
    d.line(1, "{}:\t{}", name, amount.str());
}

void describe_system(description& d, const Node& node) {
  const auto& info = node.status().node_info();
  d.line(0, "System Info:");
  d.line(1, "Machine ID:\t{}", info.machine_id());
  d.line(1, "System UUID:\t{}", info.system_uuid());
  d.line(1, "Boot ID:\t{}", info.boot_id());
  d.line(1, "Kernel Version:\t{}", info.kernel_version());
  d.line(1, "OS Image:\t{}", info.os_image());
  d.line(1, "Operating System:\t{}", info.operating_system());
  d.line(1, "Architecture:\t{}", info.architecture());
  d.line(1, "Container Runtime Version:\t{}", info.container_runtime_version());
  d.line(1, "Kubelet Version:\t{}", info.kubelet_version());
}

std::vector<object> pods_on(const subject& x) {
  std::vector<object> result;
  for (auto& pod : x.all<Pod>()) {
    const auto& p = pod.as<Pod>();
    if (p.spec().node_name() == x.what.name()
        && p.status().phase() != "Succeeded" && p.status().phase() != "Failed")
      result.push_back(std::move(pod));
  }
  std::sort(result.begin(), result.end(),
            [](const auto& a, const auto& b) { return a.key() < b.key(); });
  return result;
}

void describe_pods(description& d, const subject& x, const Node& node) {
  auto pods = pods_on(x);
  auto whole =
      read(node.status().allocatable_size() ? node.status().allocatable()
                                            : node.status().capacity());
  d.line(0, "Non-terminated Pods:\t({} in total)", pods.size());
  d.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\t"
            "Memory Limits\tAge");
  d.line(1, "---------\t----\t\t------------\t----------\t---------------\t"
            "-------------\t---");
  amount_map requests;
  amount_map limits;
  for (const auto& pod : pods) {
    auto want = requests_of(pod.as<Pod>().spec());
    auto most = limits_of(pod.as<Pod>().spec());
    add(requests, want);
    add(limits, most);
    d.line(1, "{}\t{}\t\t{}\t{}\t{}\t{}\t{}", pod.ns(), pod.name(),
           with_share("cpu", want, whole), with_share("cpu", most, whole),
           with_share("memory", want, whole), with_share("memory", most, whole),
           age_of(pod.meta(), x.now));
  }
  d.line(0, "Allocated resources:");
  d.line(1, "(Total limits may be over 100 percent, i.e., overcommitted.)");
  d.line(1, "Resource\tRequests\tLimits");
  d.line(1, "--------\t--------\t------");
  for (const char* name : {"cpu", "memory", "ephemeral-storage"})
    d.line(1, "{}\t{}\t{}", name, with_share(name, requests, whole),
           with_share(name, limits, whole));
  for (const auto& [name, amount] : whole) {
    if (name == "cpu" || name == "memory" || name == "ephemeral-storage"
        || name == "pods")
      continue;
    if (name.rfind("hugepages-", 0) == 0)
      d.line(1, "{}\t{}\t{}", name, with_share(name, requests, whole),
             with_share(name, limits, whole));
    else
      d.line(1, "{}\t{}\t{}", name, requests[name].str(), limits[name].str());
  }
}

} // namespace

void describe_node(description& d, const subject& x) {
  const auto& node = x.what.as<Node>();
  d.line(0, "Name:\t{}", x.what.name());
  d.line(0, "Roles:\t{}", node_roles(node));
  describe_labels(d, "Labels", node.metadata().labels());
  describe_annotations(d, node.metadata().annotations());
  d.line(0, "CreationTimestamp:\t{}",
         date_text(node.metadata().creation_timestamp()));
  describe_taints(d, node);
  d.line(0, "Unschedulable:\t{}", node.spec().unschedulable());
  describe_lease(d, x);
  describe_node_conditions(d, node);
  d.line(0, "Addresses:");
  for (const auto& address : node.status().addresses())
    d.line(1, "{}:\t{}", address.type(), address.address());
  describe_list(d, "Capacity", node.status().capacity());
  describe_list(d, "Allocatable", node.status().allocatable());
  describe_system(d, node);
  if (!node.spec().pod_cidr().empty())
    d.line(0, "PodCIDR:\t{}", node.spec().pod_cidr());
  if (node.spec().pod_cidrs_size() > 0)
    d.line(0, "PodCIDRs:\t{}", join(node.spec().pod_cidrs(), ","));
  if (!node.spec().provider_id().empty())
    d.line(0, "ProviderID:\t{}", node.spec().provider_id());
  describe_pods(d, x, node);
}

} // namespace troupe::printing
