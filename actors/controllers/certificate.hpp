#pragma once

#include "actors/controllers/controller.hpp"

namespace troupe {

/// Approves what nodes and components ask for when they renew their own
/// certificates, and deletes old requests and records of certificates that are
/// all over. Whoever holds the authority's key signs what is approved.
///
/// Hears: CertificateSigningRequests and the record's ConfigMaps from their
///        views; what became of its own writes.
/// Says:  approvals and deletions to its session.
/// After a restart: opens a new session, waits until its views have reached the
///        present, looks at all of them anew.
using certificate_controller_actor = controller_actor;

/// What the actor remembers between two messages.
struct certificate_controller_state {
  static inline const char* name = "certificate";

  reconciler loop;           ///< session, views, what to look at and when
  shown* requests = nullptr; ///< what the loop's views show
  shown* records = nullptr;
};

certificate_controller_actor::behavior_type certificate_controller(
    certificate_controller_actor::stateful_pointer<certificate_controller_state>
        self,
    context ctx);

} // namespace troupe
