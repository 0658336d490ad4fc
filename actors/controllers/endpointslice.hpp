#pragma once

#include "actors/controllers/controller.hpp"
#include "actors/controllers/service_watch.hpp"

#include <map>
#include <string>

namespace troupe {

/// Tells in slices where the pods of each service are, and repeats there the
/// Endpoints that somebody else keeps for a service without a selector.
///
/// Hears: services, pods, slices, endpoints and nodes from their views; what
///        became of its own writes.
/// Says:  slices to its session.
/// After a restart: opens a new session, waits until its views have reached
///        the present, looks at every service anew.
using endpointslice_actor = controller_actor;

/// What the actor remembers between two messages.
struct endpointslice_state {
  static inline const char* name = "endpointslice";

  reconciler loop;            ///< session, views, and the services to look at
  service_watch services;     ///< services and the pods behind them
  shown* endpoints = nullptr; ///< what the loop's view of them shows
  /// Slices by the service they are labelled with, then by key.
  std::map<std::string, std::map<std::string, object>> slices;
  std::map<std::string, std::string> zones; ///< by node
};

endpointslice_actor::behavior_type
endpointslice(endpointslice_actor::stateful_pointer<endpointslice_state> self,
              context ctx);

} // namespace troupe
