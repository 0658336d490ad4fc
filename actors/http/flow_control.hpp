#pragma once

#include "actors/client/api_session.hpp"
#include "actors/http/flow_news.hpp"
#include "messages/interfaces.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <set>
#include <string>

namespace troupe {

/// Knows which flow schemas requests are held against, and says in the status
/// of each whether the level that it names is there.
///
/// Hears: FlowSchemas and PriorityLevelConfigurations from their views; what
///        became of its writes.
/// Says:  a table of them to its reader, whenever it is another one; statuses
///        to its session.
/// After a restart: follows both anew; the reader keeps the last table.
using flow_control_actor = caf::typed_actor<
    // Statuses could not be written; it is time to try again.
    caf::reacts_to<pb<system::Tick>>>
    // What there is, and what changes.
    ::extend_with<watcher_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the actor remembers between two messages.
struct flow_control_state {
  static inline const char* name = "flow_control";

  /// The objects of one kind, by name.
  struct followed {
    std::map<std::string, object> objects;
    bool complete = false; ///< all that there is was told
  };

  api_session api;
  flow_reader_actor reader;
  followed schemas;
  followed levels;
  std::set<std::string> busy; ///< schemas whose status is being written
  bool waits = false;         ///< for the time to try again; nothing is written
};

flow_control_actor::behavior_type
flow_control(flow_control_actor::stateful_pointer<flow_control_state> self,
             context ctx, flow_reader_actor reader);

} // namespace troupe
