#pragma once

#include "actors/controllers/controller.hpp"
#include "actors/controllers/service_watch.hpp"

namespace troupe {

/// Tells in the Endpoints of each service where its pods are.
///
/// Hears: services, pods and endpoints from their views; what became of its
///        own writes.
/// Says:  endpoints to its session.
/// After a restart: opens a new session, waits until its views have reached
///        the present, looks at every service anew.
using endpoints_actor = controller_actor;

/// What the actor remembers between two messages.
struct endpoints_state {
  static inline const char* name = "endpoints";

  reconciler loop;            ///< session, views, and the services to look at
  service_watch services;     ///< services and the pods behind them
  shown* endpoints = nullptr; ///< what the loop's view of them shows
};

endpoints_actor::behavior_type
endpoints(endpoints_actor::stateful_pointer<endpoints_state> self, context ctx);

} // namespace troupe
