#pragma once

#include "actors/http/connection.hpp"
#include "messages/call.pb.h"
#include "messages/http.pb.h"
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
  http::answer_form form;
  steady_point since;    ///< when it came
  bool measured = false; ///< its answer is counted

  std::string_view header(std::string_view name) const;
};

using exchange_ptr = std::shared_ptr<const exchange>;

// -- answers (connection_answers.cpp) ----------------------------------------

/// Answers with bytes of a type. `warnings` become headers, and so does `tag`,
/// where the bytes have one.
void answer(pointer self, const exchange& x, int status, std::string type,
            std::string body, const std::vector<std::string>& warnings = {},
            const std::string& tag = {});

/// The header that carries a warning.
std::pair<std::string, std::string> warning_header(const std::string& text);

/// Answers with a Status that says why not.
void refuse(pointer self, const exchange& x, const caf::error& why);

/// How objects are to be shown, as the request asks for it; tables only where
/// it is about objects.
http::body_form form_of(pointer self, const exchange& x);

// -- the session (connection.cpp) ---------------------------------------------

/// Runs `next` when there is a session, or with the reason why there is none.
void with_session(pointer self, std::function<void(const caf::error&)> next);

/// The server's own way to the API, for what it answers by itself.
api_session& own_session(pointer self);

// -- what is counted (connection_metrics.cpp) --------------------------------

http::request_labels labels_of(const exchange& x);

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
/// The session went down: its watches end, and clients begin them anew.
void end_watches(pointer self);

// -- logs (connection_logs.cpp) -----------------------------------------------

void start_log(pointer self, exchange_ptr x);
void on_output(pointer self, const pb<container::StreamData>& data);
void on_output_end(pointer self, const pb<container::StreamEnd>& end);
void on_log_taken(pointer self, uint64_t number, uint32_t pieces);
void stop_log(pointer self, uint64_t number);
void end_logs_of(pointer self, const caf::actor_addr& source);

} // namespace troupe::serving_http
