#include "runtime/scheduling/rejection.hpp"

#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/scheduling/filters.hpp"

#include <string_view>

namespace troupe::scheduling {

namespace {

using core::v1::Pod;

rejection refuse(std::string reason, const std::string& why) {
  return {std::move(reason), "Pod was rejected: " + why};
}

rejection predicate(const std::string& name, const reasons& why) {
  return refuse(name, "Predicate " + name + " failed: " + why.front());
}

/// The pod as it was before it had a node: only then are its wishes kept.
pod_ptr unplaced(const Pod& pod) {
  auto copy = pod;
  copy.mutable_spec()->clear_node_name();
  return make_pod_info(copy);
}

bool is_particular(const Pod& pod) {
  return !pod.spec().node_selector().empty()
         || pod.spec().affinity().has_node_affinity();
}

std::optional<rejection> lack_of_room(const pod_info& pod,
                                      const node_info& node) {
  if (node.pod_count + 1 > node.spec.pods)
    return refuse("OutOfpods",
                  "Node didn't have enough resource: pods, requested: 1, used: "
                      + std::to_string(node.pod_count)
                      + ", capacity: " + std::to_string(node.spec.pods));
  reasons why;
  tell_resources(pod, node, why);
  if (why.empty())
    return std::nullopt;
  auto name = why.front().substr(std::string_view{"Insufficient "}.size());
  return refuse("OutOf" + name,
                "Node didn't have enough resource: " + name + ", requested: "
                    + std::to_string(pod.request.get(name)) + ", used: "
                    + std::to_string(node.requested.get(name)) + ", capacity: "
                    + std::to_string(node.spec.allocatable.get(name)));
}

} // namespace

demand demand_of(const Pod& pod) {
  auto info = make_pod_info(pod);
  if (info->finished)
    return {};
  return {info->request, info->ports};
}

std::optional<rejection>
rejection_of(const Pod& pod, const demand& takes, const core::v1::Node& node,
             const std::vector<const demand*>& others) {
  node_info there;
  there.spec = make_node_spec(node);
  there.pod_count = static_cast<int64_t>(others.size());
  for (auto* other : others) {
    there.requested.add(other->request);
    there.ports.insert(there.ports.end(), other->ports.begin(),
                       other->ports.end());
  }
  pod_info info;
  info.request = takes.request;
  info.ports = takes.ports;
  if (auto lack = lack_of_room(info, there))
    return lack;
  reasons why;
  if (!passes_host_ports(info, there)) {
    tell_host_ports(info, there, why);
    return predicate("NodePorts", why);
  }
  if (is_particular(pod) && !passes_node_affinity(*unplaced(pod), there)) {
    tell_node_affinity(info, there, why);
    return predicate("NodeAffinity", why);
  }
  return std::nullopt;
}

} // namespace troupe::scheduling
