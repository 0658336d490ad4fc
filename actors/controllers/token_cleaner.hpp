#pragma once

#include "actors/controllers/controller.hpp"

namespace troupe {

/// Deletes join tokens when they expire. They let nobody in from that moment
/// on, whenever they are deleted.
///
/// Hears: the Secrets of bootstrap tokens from their view; what became of its
///        deletions.
/// Says:  deletions to its session.
/// After a restart: opens a new session, waits until its view has reached the
///        present, sets a timer for every token anew.
using token_cleaner_actor = controller_actor;

/// What the actor remembers between two messages.
struct token_cleaner_state {
  static inline const char* name = "token_cleaner";

  reconciler loop;          ///< session, view, the tokens to look at and when
  shown* secrets = nullptr; ///< what the loop's view shows
};

token_cleaner_actor::behavior_type
token_cleaner(token_cleaner_actor::stateful_pointer<token_cleaner_state> self,
              context ctx);

} // namespace troupe
