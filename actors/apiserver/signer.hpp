#pragma once

#include "actors/controllers/controller.hpp"

namespace troupe {

/// Signs the certificates that were asked for and approved, for nodes and
/// components that renew theirs. It is part of the API server, as only servers
/// hold the authority's key.
///
/// Hears: CertificateSigningRequests from its view; what became of its writes.
/// Says:  their status, and the record of certificates, to its session.
/// After a restart: opens a new session and looks at every request anew.
using signer_actor = controller_actor;

/// What the actor remembers between two messages.
struct signer_state {
  static inline const char* name = "signer";

  reconciler loop;           ///< session, views, the requests to look at
  shown* requests = nullptr; ///< what the loop's view shows
};

signer_actor::behavior_type
signer(signer_actor::stateful_pointer<signer_state> self, context ctx);

/// The same in a process that holds no elections: it is the only server there
/// is, and waits for nobody to be chosen.
signer_actor::behavior_type
only_signer(signer_actor::stateful_pointer<signer_state> self, context ctx);

} // namespace troupe
