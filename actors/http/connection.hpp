#pragma once

#include "actors/client/api_session.hpp"
#include "actors/http/audit_log.hpp"
#include "actors/http/flow_news.hpp"
#include "actors/http/stream.hpp"
#include "actors/system/brood.hpp"
#include "actors/system/calls.hpp"
#include "messages/command_interface.hpp"
#include "messages/container.pb.h"
#include "runtime/http/answer_body.hpp"
#include "runtime/http/event_memo.hpp"
#include "runtime/http/http_edge.hpp"
#include "runtime/http/request_marks.hpp"
#include "runtime/http/stream_channels.hpp"
#include "runtime/rules/access.hpp"
#include "runtime/rules/audit.hpp"
#include "runtime/system/clocks.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe::http_api {
class Abandoned;
class Answered;
class Closed;
class Data;
class Distrusted;
class Request;
class Taken;
} // namespace troupe::http_api

namespace troupe::rules {
struct flow_class;
} // namespace troupe::rules

namespace troupe {

/// Serves one HTTP connection: turns its requests into those of a session, and
/// what comes back into answers.
///
/// Hears: requests, from the edge; answers and changes, from its session;
///        output of logs; that the client's certificate is no longer good.
/// Says:  requests to a session for each who asks, be it by the client's
///        certificate, by a token or as somebody else; reviews of tokens and
///        rights to the server's own; answers to the edge; to an actor each
///        what flows both ways: commands in containers, forwarded ports,
///        proxies.
/// After a restart: there is none. The edge closes the connection, the client
///        opens another.
///
/// A client that reads slowly slows only its own watches and streams: what was
/// not taken by the edge is not acknowledged.
using http_connection_actor = caf::typed_actor<
    // A request to answer.
    caf::reacts_to<pb<http_api::Request>>,
    // What the client says on an upgraded connection.
    caf::reacts_to<pb<http_api::Data>>,
    // Pieces of an answer left for the client.
    caf::reacts_to<pb<http_api::Taken>>,
    // Nobody waits for an answer any more.
    caf::reacts_to<pb<http_api::Abandoned>>,
    // The client's certificate was revoked, or has ended.
    caf::reacts_to<pb<http_api::Distrusted>>,
    // How a request is answered; where that is noted.
    caf::reacts_to<pb<http_api::Answered>>,
    // The end of the connection, and of this.
    caf::reacts_to<pb<http_api::Closed>>,
    // A watch has lasted as long as it was to; 0: so has the certificate.
    caf::reacts_to<pb<system::Tick>>>
    // Batches of watches.
    ::extend_with<watcher_actor>
    // What comes out of a log or a command.
    ::extend_with<container_stream_actor>
    // The flow schemas that requests are held against from now on.
    ::extend_with<flow_reader_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// Held while something needs a session.
using session_hold = std::shared_ptr<const bool>;

/// A session as somebody who asks over this connection: proxies carry the
/// requests of many. Those that nobody needs are closed when there are others.
struct http_session {
  command_session_actor handle;
  bool opening = false;
  std::vector<std::function<void(const caf::error&)>> waiting; ///< for it
  session_hold hold = std::make_shared<const bool>(true);
  steady_point used; ///< last
};

/// Who has shown a token, for a short while.
struct http_token {
  rules::caller who;
  steady_point until;
};

/// What is noted of a request, as long as more may come of it.
struct http_audit {
  rules::audit_decision how;
  rules::audit_event event;
  bool deciding = false; ///< it is not known yet whether it was allowed
  bool begun = false;    ///< it was noted that the answer begins
  bool over = false;     ///< all of the answer was said
};

/// A watch that a client follows.
struct http_watch {
  command_session_actor session;
  session_hold hold;
  const kind_info* kind = nullptr;
  http::body_form how;
  bool bookmarks = false;
  bool begins = false;  ///< wants to be told when all that was there is told
  bool started = false; ///< the answer has begun
  bool told = false;    ///< an event was sent: columns are known
  http::request_labels labels; ///< as what it is counted
  http::flow_mark flow;        ///< since the answer has begun
  std::shared_ptr<const rules::flow_class> belongs; ///< null: not known
  std::string warning; ///< about the version that was asked for
  std::string audit_id;
  struct sent_batch {
    uint64_t sequence = 0;
    size_t size = 0;
  };
  std::deque<sent_batch>
      open;          ///< batches sent and not taken, as they were sent
  size_t unsent = 0; ///< bytes of these
  /// Batches that are not encoded before the client has taken more: their
  /// objects are shared with all who watch.
  std::deque<changes> waiting;
  uint32_t owed = 0; ///< batches taken and not acknowledged
};

/// A log that a client reads. Its answer begins with its first piece, so that
/// what is refused can still be told.
struct http_log {
  uint64_t stream = 0; ///< its source's number for it
  stream_source_actor source;
  session_hold hold;
  std::string audit_id;
};

/// A watch or a log that is told as messages of WebSocket.
struct http_socket {
  http::response_head head; ///< of the upgrade
  http::channel_form form;
  http::websocket_reader reader{64u << 10}; ///< clients have nothing to say
  uint32_t aside = 0; ///< pieces sent that are no part of the answer
};

/// Output that was faster than the news that its stream is open.
struct http_early {
  std::vector<pb<container::StreamData>> data;
  pb<container::StreamEnd> end; ///< none yet
};

/// What the connection remembers between two messages.
struct http_connection_state {
  static inline const char* name = "connection";

  std::unique_ptr<context> ctx;
  std::shared_ptr<http::http_edge> edge;
  std::shared_ptr<http::event_memo> events;       ///< shared by all connections
  std::shared_ptr<const rules::flow_table> flows; ///< null: not known yet
  uint64_t connection = 0;                        ///< the edge's number
  http::peer who;
  bool waits_for_end = false; ///< of the certificate; a timer is set
  calls requests;
  std::map<std::string, http_session> sessions; ///< by who asks
  std::map<std::string, http_token> tokens;     ///< by their hash
  std::set<uint64_t> arriving;      ///< exchanges: who asks is not known yet
  std::unique_ptr<api_session> own; ///< the server's, once needed
  std::shared_ptr<const rules::audit_settings> audit; ///< null: none
  audit_sink_actor log;                    ///< where what is noted goes
  std::map<uint64_t, http_audit> audited;  ///< by exchange
  std::map<uint64_t, http_watch> watches;  ///< by exchange, also the stream
  std::map<uint64_t, http_log> logs;       ///< by exchange
  std::map<uint64_t, http_socket> sockets; ///< by exchange
  std::map<uint64_t, http_stream_actor> streams; ///< by exchange
  brood children;                                ///< those
  /// What came of streams whose opening is not answered yet, by their source
  /// and its number for them.
  std::map<std::pair<caf::actor_addr, uint64_t>, http_early> early;
  uint64_t served = 0;
};

http_connection_actor::behavior_type http_connection(
    http_connection_actor::stateful_pointer<http_connection_state> self,
    context ctx, std::shared_ptr<http::http_edge> edge, uint64_t connection,
    http::peer who, audit_sink_actor log,
    std::shared_ptr<http::event_memo> events,
    std::shared_ptr<const rules::flow_table> flows);

} // namespace troupe
