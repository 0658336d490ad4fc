#pragma once

#include "actors/client/api_session.hpp"
#include "actors/system/servers_listener.hpp"
#include "messages/interfaces.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// Knows the processes of the cluster beside this one, and every actor of them
/// all.
///
/// Hears: processes that enroll, their end; who looks for an actor, wherever it
///        is; where the servers are.
/// Says:  questions to the directories of the processes; to the presence of
///        each, where the servers are now; when one is gone and
///        no other server has it either, to its session: that its nodes were
///        lost, in their leases, and that it holds no election any more.
/// After a restart: knows nobody. The sessions through which they enrolled end
///        with this actor, and they enroll anew.
using processes_actor = caf::typed_actor<
    // A process is there, with this directory.
    caf::replies_to<pb<system::Enroll>,
                    directory_actor>::with<pb<system::Enrolled>>,
    // Is it?
    caf::replies_to<pb<system::FindProcess>>::with<pb<system::ProcessFound>>,
    // The handle of an actor in whichever process.
    caf::replies_to<pb<system::Resolve>>::with<caf::actor>,
    // Those that may have a scheduler or controllers.
    caf::replies_to<pb<system::ListDeciders>>::with<pb<system::Deciders>>,
    // All actors of all processes.
    caf::replies_to<pb<system::ListActors>>::with<pb<system::ActorList>>,
    // End one of them.
    caf::replies_to<pb<system::Kill>>::with<pb<system::Killed>>,
    // A process that went had time to come back, or something is tried again.
    caf::reacts_to<pb<system::Tick>>>
    // Where the servers are, from the store.
    ::extend_with<servers_listener_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the actor remembers between two messages.
struct processes_state {
  static inline const char* name = "processes";

  struct process {
    directory_actor directory; ///< none: it went a moment ago
    std::vector<std::string> branches;
    uint64_t life = 0; ///< counts enrolments and ends
  };

  std::unique_ptr<context> ctx;
  calls requests;
  api_session api;
  std::map<std::string, process> all;              ///< by name, without our own
  std::map<uint64_t, std::function<void()>> later; ///< until their Tick
  uint64_t last_tick = 0;
  uint64_t lost = 0; ///< processes
};

processes_actor::behavior_type
processes(processes_actor::stateful_pointer<processes_state> self, context ctx);

} // namespace troupe
