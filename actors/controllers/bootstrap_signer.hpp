#pragma once

#include "actors/controllers/controller.hpp"

namespace troupe {

/// Signs the ConfigMap kube-public/cluster-info by every bootstrap token that
/// is for that, so that whoever has one can trust what it says.
///
/// Hears: that ConfigMap and the Secrets of bootstrap tokens from their views;
///        what became of its own writes.
/// Says:  the ConfigMap with its signatures to its session.
/// After a restart: opens a new session, waits until its views have reached the
///        present, looks at the signatures anew.
using bootstrap_signer_actor = controller_actor;

/// What the actor remembers between two messages.
struct bootstrap_signer_state {
  static inline const char* name = "bootstrap_signer";

  reconciler loop;       ///< session, views; there is one key
  shown* maps = nullptr; ///< what the loop's views show
  shown* secrets = nullptr;
};

bootstrap_signer_actor::behavior_type bootstrap_signer(
    bootstrap_signer_actor::stateful_pointer<bootstrap_signer_state> self,
    context ctx);

} // namespace troupe
