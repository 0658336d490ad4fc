#pragma once

#include "actors/system/calls.hpp"
#include "actors/system/supervisor.hpp"
#include "messages/interfaces.hpp"
#include "messages/store_group_interface.hpp"
#include "messages/store_interface.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// The store, in a process that has none: one of its members in another
/// process. What it is asked, the member hears from who asked, and answers
/// directly.
///
/// Hears: all that clients ask of a store.
/// Says:  the same to the member; now and then whether that still answers.
/// After a restart: goes to the next member. It ends with the one that it had,
///        so that whoever asked or watches sees that, and does so again.
using store_line_actor = store_actor
    // Who takes part, how each is, and all of it to be saved.
    ::extend_with<store_group_actor>
    // Time to dial again, or to see whether the member answers.
    ::extend<caf::reacts_to<pb<system::Tick>>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// A member, and the process that it is in.
struct store_place {
  std::string address; ///< "server-1/store"
  std::string place;   ///< HOST:PORT
};

/// What the line remembers between two messages.
struct store_line_state {
  static inline const char* name = "store_line";

  std::unique_ptr<context> ctx;
  calls requests;
  std::vector<store_place> places;
  size_t turn = 0;    ///< whom we have, or dial
  caf::actor member;  ///< null while there is none
  caf::error trouble; ///< why the last dial failed
  uint32_t failures = 0;
  std::deque<std::function<void()>> waiting; ///< for a member
  uint64_t passed = 0;
  bool looking = false; ///< whether the member answers
};

/// Runs a line to one of the members at these places, of which there is one.
store_line_actor::behavior_type
store_line(store_line_actor::stateful_pointer<store_line_state> self,
           context ctx, std::vector<store_place> places);

/// Returns the branch `store` of a process whose store is elsewhere.
child_spec store_line_branch(const std::vector<store_place>& places);

} // namespace troupe
