#pragma once

#include "actors/http/audit_log.hpp"
#include "actors/http/flow_control.hpp"
#include "actors/system/brood.hpp"
#include "actors/system/supervisor.hpp"
#include "messages/interfaces.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <memory>

namespace troupe::http {
class event_memo;
class http_edge;
} // namespace troupe::http

namespace troupe::http_api {
class Connected;
} // namespace troupe::http_api

namespace troupe {

/// Takes in whoever connects over HTTP: one `connection` for each.
///
/// Hears: who has connected, from the edge; which flow schemas there are.
/// Says:  lines to the audit log, and no more than it can be behind with: what
///        has no place is dropped and counted; the flow schemas to all
///        connections; to the directory where each
///        connection is; to the edge to close those whose actor has ended.
/// After a restart: asks the edge for connections anew. Those of its
///        predecessor are closed; their clients connect again.
using http_listener_actor = caf::typed_actor<
    // Somebody waits to be served.
    caf::reacts_to<pb<http_api::Connected>>,
    // What a connection notes of a request.
    caf::reacts_to<pb<audit::Line>>,
    // Lines that the log has dealt with.
    caf::reacts_to<pb<audit::Written>>>
    // The flow schemas of the cluster.
    ::extend_with<flow_reader_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the listener remembers between two messages.
struct http_listener_state {
  static inline const char* name = "listener";

  std::unique_ptr<context> ctx;
  std::shared_ptr<http::http_edge> edge;
  std::shared_ptr<http::event_memo> events; ///< for all connections
  brood connections;
  std::map<caf::actor_addr, uint64_t> open; ///< the edge's numbers
  audit_log_actor log;      ///< who writes what is noted; null where nothing is
  uint64_t logs = 0;        ///< of them, so far
  uint64_t log_lines = 0;   ///< on their way to it
  uint64_t log_bytes = 0;   ///< in those
  uint64_t log_dropped = 0; ///< lines that found no place, or were lost
  bool log_full = false;    ///< lines were dropped; it was said
  uint64_t served = 0;      ///< connections so far
  flow_control_actor flows; ///< who follows the flow schemas
  uint64_t flow_lives = 0;  ///< of them, so far
  std::shared_ptr<const rules::flow_table> table; ///< null: not known yet
};

http_listener_actor::behavior_type
http_listener(http_listener_actor::stateful_pointer<http_listener_state> self,
              context ctx, std::shared_ptr<http::http_edge> edge);

/// Returns the spec of the branch that serves HTTP.
child_spec http_branch(std::shared_ptr<http::http_edge> edge);

} // namespace troupe
