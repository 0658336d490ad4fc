#pragma once

#include "actors/controllers/controller.hpp"

namespace troupe {

/// Keeps the Secrets that hold tokens of service accounts: each account has one
/// of its own, which it lists, another where that was deleted, and those that
/// users make are filled. Secrets of accounts that are gone go, too. It is part
/// of the API server, as only servers hold the key that signs tokens.
///
/// Hears: service accounts and Secrets of tokens from their views; what became
///        of its writes.
/// Says:  Secrets, and what an account lists, to its session.
/// After a restart: opens a new session and looks at every account anew.
///
/// Every server does this: what one has written, the others find done, since an
/// account's own Secret always has the same name, and so has each that takes
/// the place of another.
using account_tokens_actor = controller_actor;

/// What the actor remembers between two messages.
struct account_tokens_state {
  static inline const char* name = "account_tokens";

  reconciler loop;           ///< session, views, the accounts to look at
  shown* accounts = nullptr; ///< what the loop's views show
  shown* secrets = nullptr;
};

account_tokens_actor::behavior_type account_tokens(
    account_tokens_actor::stateful_pointer<account_tokens_state> self,
    context ctx);

} // namespace troupe
