#pragma once

#include "actors/client/api_session.hpp"
#include "actors/scheduler/binder.hpp"
#include "actors/scheduler/decisions.hpp"
#include "runtime/scheduling/cluster.hpp"
#include "runtime/scheduling/placer.hpp"
#include "runtime/scheduling/queue.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <memory>
#include <set>
#include <string>
#include <unordered_map>

namespace troupe {

/// Gives every pod a node, and says why when there is none.
///
/// Hears: pods, nodes, services and namespaces from their views; what became
///        of its bindings.
/// Says:  bindings, the condition PodScheduled and events to its session.
/// After a restart: opens a new session, waits until its views have reached
///        the present, starts anew; what it assumed is forgotten.
///
/// Of several, one decides; the others follow what happens.
using scheduler_actor = caf::typed_actor<
    // A back-off is over, or there is more to place than fits in one turn.
    caf::reacts_to<pb<system::Tick>>>
    // Pods, nodes, services or namespaces changed.
    ::extend_with<watcher_actor>
    // Why is this pod where it is, or nowhere?
    ::extend_with<explain_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// How far one of its views has come.
struct feed {
  bool complete = false;      ///< all that was there at the beginning is known
  bool again = false;         ///< told anew; what is not told again is gone
  std::set<std::string> seen; ///< keys told since then
};

/// What the scheduler remembers between two messages.
struct scheduler_state {
  static inline const char* name = "scheduler";

  std::unique_ptr<context> ctx;
  api_session api;
  scheduling::cluster cluster;
  scheduling::placer placer{cluster};
  scheduling::scheduling_queue queue;
  std::unordered_map<std::string, object> waiting; ///< pods without a node
  std::set<std::string> services;                  ///< keys
  std::set<std::string> namespaces;
  binder binds;
  decisions why;
  feed nodes_feed, pods_feed, services_feed, namespaces_feed;
  uint64_t alarm = 0;              ///< number of the timer that counts
  scheduling::instant alarm_at{0}; ///< when it is due; 0: there is none
  bool going_on = false;           ///< a message to place more is on its way
};

/// Runs a scheduler of pods whose schedulerName is default-scheduler.
scheduler_actor::behavior_type
scheduler(scheduler_actor::stateful_pointer<scheduler_state> self, context ctx);

} // namespace troupe
