#include "runtime/scheduling/pod_info.hpp"

#include "messages/api/core_pod.pb.h"

#include <algorithm>

namespace troupe::scheduling {

namespace {

using core::v1::Container;
using core::v1::Pod;

/// Whether a container without a request for CPU or memory gets the floor.
enum class floor_for { nobody, containers };

amounts of_container(const Container& container, floor_for floor) {
  const auto& requests = container.resources().requests();
  auto result = to_amounts(requests);
  if (floor == floor_for::containers) {
    if (!requests.contains("cpu"))
      result.milli_cpu = default_milli_cpu;
    if (!requests.contains("memory"))
      result.memory = default_memory;
  }
  return result;
}

// Kubernetes: containers and sidecars run together; an init container runs
// beside the sidecars that were started before it; the peak is reserved.
amounts of_containers(const core::v1::PodSpec& spec, floor_for floor) {
  amounts running;
  for (const auto& container : spec.containers())
    running.add(of_container(container, floor));
  amounts sidecars;
  amounts peak;
  for (const auto& container : spec.init_containers()) {
    auto own = of_container(container, floor);
    if (container.restart_policy() == "Always") {
      running.add(own);
      sidecars.add(own);
      own = sidecars;
    } else {
      own.add(sidecars);
    }
    peak.raise_to(own);
  }
  running.raise_to(peak);
  return running;
}

amounts of_pod(const core::v1::PodSpec& spec, floor_for floor) {
  auto result = of_containers(spec, floor);
  // Requests of the pod as a whole take the place of those of its containers.
  const auto& whole = spec.resources().requests();
  if (!whole.empty()) {
    auto requests = to_amounts(whole);
    for (const auto& entry : whole)
      result.set(entry.first, requests.get(entry.first));
  }
  if (spec.overhead_size() > 0)
    result.add(to_amounts(spec.overhead()));
  return result;
}

void read_ports(const Container& container, bool host_network,
                std::vector<host_port>& out) {
  for (const auto& port : container.ports()) {
    auto number = port.host_port();
    // On the node's own network each port is the node's.
    if (number == 0 && host_network)
      number = port.container_port();
    if (number <= 0)
      continue;
    auto ip = port.host_ip() == "0.0.0.0" ? std::string{} : port.host_ip();
    auto protocol = port.protocol().empty() ? "TCP" : port.protocol();
    out.push_back({std::move(ip), protocol, number});
  }
}

void read_ports(const core::v1::PodSpec& spec, std::vector<host_port>& out) {
  for (const auto& container : spec.containers())
    read_ports(container, spec.host_network(), out);
  for (const auto& container : spec.init_containers())
    if (container.restart_policy() == "Always")
      read_ports(container, spec.host_network(), out);
}

void read_affinity(const core::v1::PodSpec& spec, pod_info& out) {
  for (const auto& [key, value] : spec.node_selector())
    out.node_selector.emplace_back(key, value);
  std::sort(out.node_selector.begin(), out.node_selector.end());
  const auto& affinity = spec.affinity().node_affinity();
  if (affinity.has_required_during_scheduling_ignored_during_execution()) {
    out.has_required_terms = true;
    for (const auto& term :
         affinity.required_during_scheduling_ignored_during_execution()
             .node_selector_terms())
      out.required_terms.push_back(to_term(term));
  }
  for (const auto& wish :
       affinity.preferred_during_scheduling_ignored_during_execution())
    if (wish.weight() > 0)
      out.preferred_terms.push_back(
          {wish.weight(), to_term(wish.preference())});
}

void read_meta(const meta::v1::ObjectMeta& meta, pod_info& out) {
  out.ns = meta.namespace_();
  out.name = meta.name();
  out.key = out.ns + "/" + out.name;
  out.uid = meta.uid();
  out.terminating = meta.has_deletion_timestamp();
  for (const auto& [key, value] : meta.labels())
    out.labels.emplace_back(key, value);
  std::sort(out.labels.begin(), out.labels.end());
  for (const auto& [key, value] : out.labels)
    out.class_key += key + '=' + value + ',';
  for (const auto& owner : meta.owner_references())
    if (owner.controller()
        && (owner.kind() == "ReplicaSet" || owner.kind() == "StatefulSet"
            || owner.kind() == "ReplicationController"))
      out.owner = owner.uid();
}

} // namespace

bool collide(const host_port& a, const host_port& b) {
  return a.port == b.port && a.protocol == b.protocol
         && (a.ip.empty() || b.ip.empty() || a.ip == b.ip);
}

std::string normalized_image(const std::string& image) {
  auto slash = image.rfind('/');
  auto from = slash == std::string::npos ? 0 : slash;
  return image.find_first_of(":@", from) == std::string::npos
             ? image + ":latest"
             : image;
}

bool pod_info::wants(std::string_view node,
                     const label_list& node_labels) const {
  if (!has_all(node_labels, node_selector))
    return false;
  return !has_required_terms
         || std::any_of(
             required_terms.begin(), required_terms.end(),
             [&](const auto& term) { return term.matches(node, node_labels); });
}

pod_ptr make_pod_info(const Pod& pod) {
  auto result = std::make_shared<pod_info>();
  auto& out = *result;
  const auto& spec = pod.spec();
  read_meta(pod.metadata(), out);
  out.node_name = spec.node_name();
  out.scheduler_name = spec.scheduler_name();
  out.priority = spec.priority();
  const auto& phase = pod.status().phase();
  out.finished = phase == "Succeeded" || phase == "Failed";
  out.gated = spec.scheduling_gates_size() > 0;
  out.request = of_pod(spec, floor_for::nobody);
  out.request_for_scores = of_pod(spec, floor_for::containers);
  read_ports(spec, out.ports);
  out.rules = read_rules(pod);
  // What matters only until it has a node is not kept: there are many more
  // pods that have one.
  if (!out.node_name.empty())
    return result;
  for (const auto& in : spec.tolerations())
    out.tolerations.push_back(
        {in.key(), in.operator_(), in.value(), in.effect()});
  read_affinity(spec, out);
  for (const auto& container : spec.init_containers())
    out.images.push_back(normalized_image(container.image()));
  for (const auto& container : spec.containers())
    out.images.push_back(normalized_image(container.image()));
  return result;
}

} // namespace troupe::scheduling
