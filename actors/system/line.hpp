#pragma once

#include "actors/system/doors.hpp"
#include "messages/command_interface.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace troupe {

/// One component's session with an API server in another process. Every
/// request ends: by its answer, by its deadline, or with the line. A server
/// refuses whoever sends too many without awaiting answers: beyond a window,
/// requests for objects wait here, in order.
///
/// Hears: requests of one component, and what it says about its watches.
/// Says:  the same to the session at the other end of the connection; that no
///        answer came in time.
/// After a restart: there is none. It ends when the connection, the session or
///        the component does, and the component opens another.
using line_actor = session_actor
    // The session, opened through this line.
    ::extend<caf::replies_to<pb<call::OpenSession>>::with<
                 pb<call::SessionOpened>, session_actor>,
             // A connection to a pod; what goes over it does not come here.
             caf::replies_to<pb<call::OpenStream>, container_stream_actor>::
                 with<pb<container::StreamOpened>, stream_source_actor>,
             // This process is there.
             caf::replies_to<pb<system::Enroll>,
                             directory_actor>::with<pb<system::Enrolled>>,
             // The oldest request may have waited too long.
             caf::reacts_to<pb<system::Tick>>>;

/// Where a line leads: to a front door that is known, behind a wire, or to a
/// server's process at HOST:PORT, which is shown a proof of who we are.
struct line_end {
  doors::door door;
  std::string place; ///< empty: the door
};

/// What the line remembers between two messages.
struct line_state {
  static inline const char* name = "line";

  /// A request that has no answer yet.
  struct flight {
    caf::actor_clock::time_point deadline;
    bool over = false;
    std::function<void()> expire;
  };

  /// One that waits for the window.
  struct held_request {
    std::shared_ptr<flight> entry;
    std::function<void()> send;
  };

  std::unique_ptr<context> ctx;
  calls requests;
  line_end end;
  caf::actor_addr client;
  session_actor session;                       ///< at the other end
  std::string secret;                          ///< of the session
  std::deque<std::shared_ptr<flight>> flights; ///< oldest first
  std::deque<held_request> held;               ///< oldest first
  size_t in_window = 0; ///< requests for objects at the other end
  bool ticking = false;
  uint64_t passed = 0;  ///< requests
  uint64_t expired = 0; ///< of them without an answer in time
};

/// Opens a connection to a server, and on it a session for the client when
/// asked.
line_actor::behavior_type line(line_actor::stateful_pointer<line_state> self,
                               context ctx, line_end end,
                               caf::actor_addr client);

} // namespace troupe
