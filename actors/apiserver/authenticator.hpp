#pragma once

#include "actors/client/api_session.hpp"
#include "messages/interfaces.hpp"
#include "runtime/rules/account_token.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <cstdint>

namespace troupe {

/// Knows who shows a token, and makes the tokens of service accounts.
///
/// Hears: from sessions, TokenReviews, and TokenRequests of accounts that may
///        be made.
/// Says:  their answers; gets of accounts, and of what a token is bound to, to
///        its session.
/// After a restart: opens a new session. Nothing else is lost: what a token
///        says is in it, and what it says must hold when it is shown.
///
/// Tokens are those of accounts, which end with their account and with what
/// they are bound to, those of the file that the server was started with, and
/// bootstrap tokens. What is wrong with one is told to who may review tokens;
/// others hear that they are nobody.
using authenticator_actor = caf::typed_actor<
    // A question about a token, or a request for one.
    caf::replies_to<pb<call::Request>, object>::with<pb<call::Response>,
                                                     std::vector<object>>>
    // Batches of its session; it follows nothing.
    ::extend_with<watcher_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the actor remembers between two messages.
struct authenticator_state {
  static inline const char* name = "authenticator";

  api_session api;
  uint64_t made = 0;    ///< tokens
  uint64_t known = 0;   ///< tokens shown that were good
  uint64_t refused = 0; ///< and that were not
};

authenticator_actor::behavior_type
authenticator(authenticator_actor::stateful_pointer<authenticator_state> self,
              context ctx);

/// Its path, beside each session.
constexpr auto authenticator_path = "apiserver/authenticator";

} // namespace troupe
