#pragma once

#include "actors/http/connection.hpp"
#include "messages/call.pb.h"
#include "messages/http.pb.h"
#include "runtime/http/answer_choice.hpp"
#include "runtime/http/api_route.hpp"
#include "runtime/http/target.hpp"
#include "runtime/system/clocks.hpp"

#include <memory>
#include <string>
#include <vector>

/// The parts of the actor of an HTTP connection.
namespace troupe::serving_http {

using pointer = http_connection_actor::stateful_pointer<http_connection_state>;

/// One request on its way; each is answered once.
struct exchange {
  uint64_t number = 0;
  pb<http_api::Request> request;
  http::target to;
  http::api_route at;
  std::string verb; ///< Kubernetes'
  std::string from; ///< address of the client; "" where it is not known
  http::answer_form form;
  caf::error unfit;     ///< why there is no form that the client takes
  steady_point since;   ///< when it came
  std::string audit_id; ///< the client's name for it, or ours
  std::shared_ptr<http::flight_mark> mark; ///< null: its answer is not counted
  rules::caller who;                       ///< who asks
  bool by_certificate = false;             ///< that is how we know
  command_session_actor session;           ///< as whom it is answered
  session_hold hold;                       ///< of that
  std::shared_ptr<const rules::flow_class> flow; ///< null: not known, or none

  std::string_view header(std::string_view name) const;
};

using exchange_ptr = std::shared_ptr<const exchange>;

/// Its headers, as the pure parts take them.
std::vector<http::header> headers_of(const exchange& x);

// -- answers (connection_answers.cpp) ----------------------------------------

/// What the head of an answer says beside its status and its type.
struct answer_words {
  std::vector<std::string> warnings; ///< become headers
  std::string tag;                   ///< by which the client may keep the bytes
  std::string caching;               ///< for how long; "" is not at all
  std::vector<http::header> others;
};

/// Answers with bytes of a type; without any it has none.
void answer(pointer self, const exchange& x, int status, std::string type,
            std::string body, const answer_words& words = {});

/// Kubernetes: by this a client finds what was noted of its request.
http::header audit_header(const std::string& audit_id);

/// Kubernetes: by these a client finds how it is treated; nothing for null.
void add_flow(const rules::flow_class* flow, http::response_head& head);

/// Finds out to which flow a request belongs whose sender is known.
void classify(pointer self, exchange& x);

/// The header that carries a warning.
std::pair<std::string, std::string> warning_header(const std::string& text);

/// Answers with a Status that says why not.
void refuse(pointer self, const exchange& x, const caf::error& why);

/// The same for whoever is not the connection.
void refuse(http::http_edge& edge, uint64_t connection, const exchange& x,
            const caf::error& why);

/// How objects are to be shown, as the request asks for it; tables only where
/// it is about objects.
http::body_form form_of(pointer self, const exchange& x);

// -- who asks (connection_identity.cpp) ---------------------------------------

/// Finds out who asks and as whom, and opens a session for them: `next` runs
/// when the exchange has it. Who is nobody, or may not be who they want to be,
/// gets an answer that says so.
void identify(pointer self, std::shared_ptr<exchange> x,
              std::function<void()> next);

/// The server's own session, for questions that clients need not be allowed to
/// ask.
api_session& own_session(pointer self);

/// The client's certificate is no longer good: what was asked by means of it
/// ends, and who shows nothing else from now on is nobody.
void end_certificate(pointer self, const std::string& problem);
/// It may have come to its end.
void check_certificate_end(pointer self);

/// A session went down; whoever asks next gets another.
void forget_session(pointer self, const caf::actor_addr& which);

// -- what is noted (connection_audit.cpp) -------------------------------------

/// From now on what is asked is noted, where the edge says so.
void open_audit(pointer self);
/// It is known who asks, and it may be as somebody else.
void audit_request(pointer self, const exchange& x);
/// It is known as whom it is answered. `next` runs when it is known whether
/// that is allowed, where that is noted; else at once.
void audit_identity(pointer self, exchange_ptr x, std::function<void()> next);
/// How it is answered, as the edge was told.
void on_answered(pointer self, const http_api::Answered& msg);
/// Who asks is nobody.
void audit_stranger(pointer self, const exchange& x, const std::string& why);
/// An answer with a body is about to be sent.
void audit_body(pointer self, const exchange& x, int status,
                const std::string& body, const std::string& type);
/// Nobody waits for more; what is known now is all there will be.
void audit_end(pointer self, uint64_t number);

// -- what is counted (connection_metrics.cpp) --------------------------------

http::request_labels labels_of(const exchange& x);
/// Where it is counted, also when the connection has ended.
std::shared_ptr<http::request_metrics> metrics_of(pointer self);

/// Answers /metrics.
void answer_metrics(pointer self, exchange_ptr x);

// -- what is not about objects (connection_places.cpp) -----------------------

/// Answers discovery, health, version and the like.
void answer_place(pointer self, exchange_ptr x);

// -- objects (connection_objects.cpp) -----------------------------------------

void answer_resource(pointer self, exchange_ptr x);

// -- watches (connection_watches.cpp) -----------------------------------------

void start_watch(pointer self, exchange_ptr x);
void on_changes(pointer self, const changes& batch);
void on_pieces_taken(pointer self, uint64_t number, uint32_t pieces);
void stop_watch(pointer self, uint64_t number);
/// A session went down: its watches end, and clients begin them anew.
void end_watches(pointer self, const caf::actor_addr& session);

// -- logs (connection_logs.cpp) -----------------------------------------------

void start_log(pointer self, exchange_ptr x);
void on_output(pointer self, const pb<container::StreamData>& data);
void on_output_end(pointer self, const pb<container::StreamEnd>& end);
void on_log_taken(pointer self, uint64_t number, uint32_t pieces);
void stop_log(pointer self, uint64_t number);
void end_logs_of(pointer self, const caf::actor_addr& source);

// -- exchanges that flow both ways (connection_streams.cpp) -------------------

/// Starts the actor that answers what flows both ways.
void start_stream(pointer self, exchange_ptr x);
void on_stream_data(pointer self, const pb<http_api::Data>& msg);
void on_stream_taken(pointer self, const pb<http_api::Taken>& msg);
void stop_stream(pointer self, uint64_t number);
/// Returns whether it was one of them.
bool on_stream_down(pointer self, const caf::down_msg& down);

// -- what is told over WebSocket (connection_sockets.cpp) ---------------------

/// Gets ready to go over to it, where a client wants that, with one of these
/// subprotocols. The following then write messages instead of pieces.
caf::error prepare_socket(pointer self, const exchange& x,
                          const std::vector<std::string>& protocols);
/// The answer was refused.
void drop_socket(pointer self, uint64_t number);
void begin_pieces(pointer self, uint64_t number, http::response_head head);
/// Returns an event of a watch, or bytes of a log, as they are sent.
std::string event_piece(pointer self, uint64_t number, std::string event,
                        bool text);
std::string log_piece(pointer self, uint64_t number, std::string bytes);
void end_pieces(pointer self, uint64_t number, bool broken);
/// Of pieces that left those that are part of the answer.
uint32_t pieces_of_answer(pointer self, uint64_t number, uint32_t pieces);
/// What the client says; false where there is no such socket.
bool on_socket_data(pointer self, const http_api::Data& msg);

} // namespace troupe::serving_http
