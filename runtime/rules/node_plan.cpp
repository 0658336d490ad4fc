#include "runtime/rules/node_plan.hpp"

#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/conditions.hpp"
#include "runtime/rules/node_taints.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::rules {

namespace {

using core::v1::Node;
using core::v1::Pod;

constexpr const char* kubelet_conditions[]{"Ready", "MemoryPressure",
                                           "DiskPressure", "PIDPressure"};

const core::v1::NodeCondition* readiness(const Node& node) {
  return find_condition(node.status().conditions(), "Ready");
}

// When the node counts as silent, given that nothing more is heard.
steady_point silent_from(const Node& node, const node_witness& witness,
                         const node_patience& patience) {
  auto posted = readiness(node) != nullptr;
  auto result = witness.heard + (posted ? patience.lease : patience.startup);
  if (witness.lost)
    result = std::min(result, *witness.lost + patience.session);
  return result;
}

void turn_unknown(Node& node, time_point now) {
  auto& list = *node.mutable_status()->mutable_conditions();
  for (const auto* type : kubelet_conditions) {
    auto* known = find_condition(list, type);
    if (!known) {
      set_condition(list, type, "Unknown", "NodeStatusNeverUpdated",
                    "Kubelet never posted node status.", now);
      *find_condition(list, type)->mutable_last_heartbeat_time() =
          node.metadata().creation_timestamp();
    } else if (known->status() != "Unknown") {
      set_condition(list, type, "Unknown", "NodeStatusUnknown",
                    "Kubelet stopped posting node status.", now);
    }
  }
}

void judge_silence(const object& node, Node& changed, bool silent,
                   time_point now, node_plan& plan) {
  if (!silent)
    return;
  auto was_ready = is_node_ready(changed);
  turn_unknown(changed, now);
  if (canonical_equal(changed.status(), node.as<Node>().status()))
    return;
  plan.status = object::of(changed);
  if (was_ready)
    plan.events.push_back(
        {node, false, "NodeNotReady",
         fmt::format("Node {} status is now: NodeNotReady", node.name())});
}

// The node cannot speak for its pods any more, so that their endpoints must
// not go on serving.
void silence_pods(std::span<const object> pods, time_point now,
                  node_plan& plan) {
  for (const auto& each : pods) {
    const auto* ready =
        find_condition(each.as<Pod>().status().conditions(), "Ready");
    if (!ready || ready->status() != "True")
      continue;
    auto changed = each.copy<Pod>();
    auto& list = *changed.mutable_status()->mutable_conditions();
    set_condition(list, "Ready", "False", ready->reason(), ready->message(),
                  now);
    plan.not_ready.push_back(object::of(changed));
    plan.events.push_back({each, true, "NodeNotReady", "Node is not ready"});
  }
}

void evict(const Node& node, std::span<const object> pods,
           const node_witness& witness, steady_point now, node_plan& plan) {
  for (const auto& each : pods) {
    if (each.meta().has_deletion_timestamp())
      continue;
    auto when = eviction_of(node, each.as<Pod>(), witness, now);
    if (!when)
      continue;
    if (*when <= now) {
      plan.evicted.push_back(each);
      plan.events.push_back(
          {each, false, "TaintManagerEviction",
           fmt::format("Marking for deletion Pod {}", each.key())});
    } else if (!plan.look_again || *when < *plan.look_again) {
      plan.look_again = when;
    }
  }
}

std::string in_words(const Node& node, const node_plan& plan) {
  const auto* ready = readiness(node);
  auto result = ready ? fmt::format("Ready is {}", ready->status())
                      : std::string{"has not told whether it is ready"};
  if (ready && ready->status() == "Unknown")
    result += ": " + ready->message();
  if (!plan.evicted.empty())
    result += fmt::format(" Evicts {} pods", plan.evicted.size());
  return result;
}

} // namespace

bool is_silent(const object& node, const node_witness& witness,
               const node_patience& patience, steady_point now) {
  return silent_from(node.as<Node>(), witness, patience) <= now;
}

bool is_node_ready(const Node& node) {
  const auto* ready = readiness(node);
  return ready && ready->status() == "True";
}

node_plan plan_node(const object& node, const node_witness& witness,
                    std::span<const object> pods, bool spare,
                    const node_patience& patience, const instant& now) {
  node_plan plan;
  auto changed = node.copy<Node>();
  auto deadline = silent_from(changed, witness, patience);
  auto silent = deadline <= now.steady;
  if (!silent)
    plan.look_again = deadline;
  judge_silence(node, changed, silent, now.wall, plan);
  auto taints_differ = set_taints(changed, spare, now.wall);
  if (taints_differ) {
    auto tainted = node.copy<Node>();
    *tainted.mutable_spec() = changed.spec();
    plan.tainted = object::of(tainted);
  }
  if (const auto* ready = readiness(changed);
      ready && ready->status() == "Unknown")
    silence_pods(pods, now.wall, plan);
  evict(changed, pods, witness, now.steady, plan);
  plan.reason = in_words(changed, plan);
  return plan;
}

} // namespace troupe::rules
