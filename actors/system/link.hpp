#pragma once

#include "actors/system/brood.hpp"
#include "actors/system/doors.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace troupe {

/// The way of the components of this process to the API server, wherever it
/// is: whoever asks gets a session.
///
/// Hears: components that want a session; the end of front doors and of the
///        lines.
/// Says:  passes them on to a front door, as themselves, where that is in
///        this process; opens a line for each otherwise, after a pause that
///        grows while it fails, and to another server then if there is one.
///        Where no server is in this process, lines lead to those in others.
/// After a restart: finds the front doors again. Sessions of this process go
///        on; those of lines ended with their line and are opened anew.
using link_actor = caf::typed_actor<
    // A session for a component, which says who it is.
    caf::replies_to<pb<call::OpenSession>>::with<pb<call::SessionOpened>,
                                                 session_actor>,
    // The pause before a line is over.
    caf::reacts_to<pb<system::Tick>>,
    // The servers are elsewhere now.
    caf::reacts_to<pb<system::Servers>>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the link remembers between two messages.
struct link_state {
  static inline const char* name = "link";

  /// A line, with a session at its end or not yet.
  struct attempt {
    std::string component;
    caf::actor_clock::time_point began;
    bool opened = false; ///< a session
  };

  std::unique_ptr<context> ctx;
  calls requests;
  brood lines;
  doors ways;                      ///< to API servers
  std::vector<std::string> places; ///< of servers, if none is in this process
  uint64_t turn = 0;               ///< which of them is asked first
  std::map<uint64_t, std::function<void()>> later; ///< until their Tick
  std::map<caf::actor_addr, attempt> attempts;     ///< by line
  std::map<std::string, uint32_t> failures;        ///< in a row, by component
  std::map<std::string, uint32_t> turns; ///< whom to try, by component
  uint64_t opened = 0;                   ///< lines
  uint64_t last_tick = 0;
};

link_actor::behavior_type link(link_actor::stateful_pointer<link_state> self,
                               context ctx);

} // namespace troupe
