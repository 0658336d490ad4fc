#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"
#include "runtime/rules/event_note.hpp"
#include "runtime/system/clocks.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::core::v1 {
class Node;
class Pod;
} // namespace troupe::core::v1

namespace troupe::rules {

/// What was heard of a node, by our own clock: the node's may be wrong.
struct node_witness {
  steady_point heard; ///< when its lease or status last moved, or we began
  /// Since when the session of its kubelet is down; nothing while it is up or
  /// was never seen.
  std::optional<steady_point> lost;
  /// Since when it has each of its NoExecute taints, by their key.
  std::map<std::string, steady_point> tainted;
};

/// Takes up the taints of a node as it now is. A taint that is new to us may
/// be old: then its own time counts, as far as the wall clock can be trusted.
void note_taints(const core::v1::Node& node, node_witness& witness,
                 const instant& now);

/// Kubernetes: nodeMonitorGracePeriod and nodeStartupGracePeriod.
struct node_patience {
  std::chrono::milliseconds lease{40000};
  std::chrono::milliseconds startup{60000};
  std::chrono::milliseconds session{2000};
};

/// What is to be done for one node and the pods on it.
struct node_plan {
  std::optional<object> status;  ///< the node with conditions turned Unknown
  std::optional<object> tainted; ///< the node with its new taints
  std::vector<object> not_ready; ///< pods whose Ready turns False, so changed
  std::vector<object> evicted;   ///< pods to delete now
  std::vector<event_note> events;
  std::optional<steady_point> look_again; ///< when the next of these is due
  std::string reason;                     ///< the decision in words
};

/// Decides for one node. `pods` are those that name it. With `spare`, nothing
/// is evicted for the node's silence: no node is well, so that it is rather we
/// who are cut off.
node_plan plan_node(const object& node, const node_witness& witness,
                    std::span<const object> pods, bool spare,
                    const node_patience& patience, const instant& now);

/// Returns whether the node counts as silent now.
bool is_silent(const object& node, const node_witness& witness,
               const node_patience& patience, steady_point now);

/// Returns whether the condition Ready is True.
bool is_node_ready(const core::v1::Node& node);

/// Returns when the node's NoExecute taints evict the pod: the clock's
/// beginning for at once, nothing for never. Taints that the witness does not
/// know are new now.
std::optional<steady_point> eviction_of(const core::v1::Node& node,
                                        const core::v1::Pod& pod,
                                        const node_witness& witness,
                                        steady_point now);

} // namespace troupe::rules
