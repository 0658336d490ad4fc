#pragma once

#include "actors/controllers/controller.hpp"

namespace troupe {

/// Keeps a service account "default" in every namespace.
///
/// Hears: namespaces and service accounts from their views; what became of its
///        own writes.
/// Says:  creates to its session.
/// After a restart: opens a new session, waits until its views have reached
///        the present, looks at every namespace anew.
using service_account_actor = controller_actor;

/// What the actor remembers between two messages.
struct service_account_state {
  static inline const char* name = "service_account";

  reconciler loop;             ///< session, views, the namespaces to look at
  shown* namespaces = nullptr; ///< what the loop's views show
  shown* accounts = nullptr;
};

service_account_actor::behavior_type service_account(
    service_account_actor::stateful_pointer<service_account_state> self,
    context ctx);

} // namespace troupe
