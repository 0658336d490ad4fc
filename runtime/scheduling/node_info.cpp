#include "runtime/scheduling/node_info.hpp"

#include "messages/api/core_node.pb.h"

#include <algorithm>

namespace troupe::scheduling {

node_spec make_node_spec(const core::v1::Node& node) {
  node_spec out;
  out.name = node.metadata().name();
  for (const auto& [key, value] : node.metadata().labels())
    out.labels.emplace_back(key, value);
  std::sort(out.labels.begin(), out.labels.end());
  out.unschedulable = node.spec().unschedulable();
  for (const auto& in : node.spec().taints()) {
    taint mark{in.key(), in.value(), in.effect()};
    if (mark.effect == "PreferNoSchedule")
      out.soft_taints.push_back(std::move(mark));
    else
      out.hard_taints.push_back(std::move(mark));
  }
  const auto& status = node.status();
  // Kubernetes: allocatable is the capacity where a node does not tell it.
  const auto& list =
      status.allocatable_size() > 0 ? status.allocatable() : status.capacity();
  out.allocatable = to_amounts(list);
  out.pods = count_of(list, "pods");
  for (const auto& image : status.images())
    for (const auto& name : image.names())
      out.images[name] = image.size_bytes();
  if (auto zone = find_label(out.labels, "topology.kubernetes.io/zone"))
    out.zone = *zone;
  return out;
}

void node_info::add(const pod_info& pod) {
  ++pod_count;
  requested.add(pod.request);
  requested_for_scores.add(pod.request_for_scores);
  ports.insert(ports.end(), pod.ports.begin(), pod.ports.end());
}

void node_info::remove(const pod_info& pod) {
  --pod_count;
  requested.subtract(pod.request);
  requested_for_scores.subtract(pod.request_for_scores);
  for (const auto& port : pod.ports) {
    auto i = std::find(ports.begin(), ports.end(), port);
    if (i != ports.end())
      ports.erase(i);
  }
}

} // namespace troupe::scheduling
