#pragma once

#include "actors/client/api_session.hpp"
#include "messages/interfaces.hpp"
#include "runtime/crypto/signing_request.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <optional>
#include <string>

namespace troupe {

/// The certificate that is kept fresh, and where it lies.
struct renewed_credential {
  crypto::identity who;
  std::string signer;    ///< rules::kubelet_signer, say
  std::string authority; ///< who must have signed what comes, PEM
  std::function<expected<crypto::credential>()> load;
  /// Replaces it; everybody who connects from then on uses the new one.
  std::function<expected<void>(const crypto::credential&)> save;
};

/// Keeps the certificate of a process that joined from coming to its end: asks
/// for another in the last third of its life, over the session that it has,
/// and puts it in the old one's place. Where that fails it tries again, more
/// and more seldom but hourly at least.
///
/// Hears: its timer; the CertificateSigningRequest that it made, as it changes.
/// Says:  that request to its session.
/// After a restart: reads the certificate's dates, and sets its timer anew.
using renewal_actor = caf::typed_actor<
    // It is time.
    caf::reacts_to<pb<system::Tick>>>
    // Answers, and what becomes of the request.
    ::extend_with<watcher_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the actor remembers between two messages.
struct renewal_state {
  static inline const char* name = "renewal";

  api_session api;
  renewed_credential what;
  time_point due{}; ///< when the next try is
  uint64_t alarm = 0;
  crypto::signing_request asked; ///< while an answer is awaited
  std::string request_name;      ///< of the object that was made for it
  uint64_t stream = 0;           ///< that follows it
  uint32_t failures = 0;         ///< in a row
  uint64_t renewed = 0;
};

renewal_actor::behavior_type
renewal(renewal_actor::stateful_pointer<renewal_state> self, context ctx,
        renewed_credential what);

} // namespace troupe
