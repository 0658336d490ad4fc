#pragma once

#include "actors/controllers/controller.hpp"
#include "actors/system/calls.hpp"
#include "runtime/rules/eviction_pace.hpp"
#include "runtime/rules/node_plan.hpp"
#include "runtime/rules/subnet_pool.hpp"

#include <caf/actor_addr.hpp>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

namespace troupe {

/// Tells which nodes are silent, and moves pods away from them.
///
/// Hears: nodes, their leases and pods from their views; the end of a node's
///        kubelet, which is a second witness beside the lease's time. Of one in
///        another process it hears by a mark in the lease.
/// Says:  conditions, taints and pod ranges of nodes, readiness of pods that
///        nobody can vouch for, deletes of evicted pods to its session.
/// After a restart: opens a new session, waits until its views have reached
///        the present; every node counts as heard of then.
using node_actor = controller_actor;

/// What the actor remembers between two messages.
struct node_state {
  static inline const char* name = "node";

  std::unique_ptr<context> ctx;
  reconciler loop;        ///< session, views, and the nodes to look at
  shown* nodes = nullptr; ///< what the loop's view of them shows
  std::map<std::string, std::map<std::string, object>> pods; ///< by node, key
  std::map<std::string, rules::node_witness> witnesses;      ///< by node
  std::set<std::string> marked; ///< nodes lost by what their leases say
  std::set<std::string> well;   ///< nodes that are Ready
  std::map<std::string, rules::zone_count> zones;
  rules::eviction_pace pace;     ///< how fast nodes are emptied
  std::set<std::string> emptied; ///< nodes whose turn it was
  std::set<std::string> held;    ///< nodes that wait for theirs
  rules::subnet_pool subnets;    ///< for the pods of each node
  calls asked;                   ///< where is the kubelet of a node?
  std::unordered_map<caf::actor_addr, std::string> kubelets; ///< node names
};

node_actor::behavior_type
node_controller(node_actor::stateful_pointer<node_state> self, context ctx);

} // namespace troupe
