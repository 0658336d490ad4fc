#pragma once

#include "actors/system/brood.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace troupe {

/// Which children start anew when one of them fails (Erlang's terms).
enum class strategy { one_for_one, one_for_all, rest_for_one };

/// How to start one child. The handle is kept untyped here and in the
/// directory; everywhere else it is typed.
struct child_spec {
  std::string name;
  std::function<caf::actor(caf::actor_system&, const context&)> start;
  bool supervisor = false;
  /// It is the directory that all later siblings, and all below them, use.
  bool directory = false;
};

/// When to restart, and when to give up.
struct supervision {
  strategy how = strategy::one_for_one;
  /// A child that dies more often than this within `period` is restarted
  /// after a pause that doubles each time, up to `period`, until it has lived
  /// for a period; after as many pauses the supervisor gives up and fails
  /// itself.
  uint32_t intensity = 8;
  std::chrono::milliseconds period{5000};
  /// The children's paths begin at the supervisor's own path; with this, at
  /// the top of the tree.
  bool transparent = false;
};

/// Keeps its children running.
///
/// Hears: the end of a child, its own timers, an exit from above; which child
///        somebody wants away for a while.
/// Says:  to the directory where each child is, or that it is kept away; exits
///        to children when it ends or when the strategy asks for it.
/// After a restart: starts all children anew, those that were kept away too;
///        the children of its predecessor ended with it.
using supervisor_actor = caf::typed_actor<
    // The pause before a restart is over, or a child took too long to stop.
    caf::reacts_to<pb<system::Tick>>>
    // Which child somebody wants away for a while.
    ::extend_with<keeper_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the supervisor remembers between two messages.
struct supervisor_state {
  static inline const char* name = "supervisor";

  struct slot {
    enum phase { idle, running, stopping, pausing };
    child_spec spec;
    caf::actor handle;
    phase now = idle;
    uint32_t restarts = 0;
    uint64_t incarnation = 0;
    uint32_t pauses = 0;
    uint64_t timer = 0; ///< that ends its phase
    caf::actor_clock::time_point started{};
    caf::actor_clock::time_point away_until{};       ///< somebody wants it away
    std::deque<caf::actor_clock::time_point> recent; ///< failures in period
    std::string failure;                             ///< why it last failed
  };

  std::unique_ptr<context> ctx;
  supervision rules;
  std::vector<slot> slots; ///< in the order of starting
  brood children;
  uint64_t timers = 0;
  bool ending = false;
};

/// Runs a supervisor of `specs`.
supervisor_actor::behavior_type
supervisor(supervisor_actor::stateful_pointer<supervisor_state> self,
           context ctx, supervision rules, std::vector<child_spec> specs);

/// Returns the spec of a supervisor as a child of another.
child_spec branch(std::string name, supervision rules,
                  std::vector<child_spec> specs);

} // namespace troupe
