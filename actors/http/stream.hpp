#pragma once

#include "actors/system/calls.hpp"
#include "messages/command_interface.hpp"
#include "messages/container.pb.h"
#include "runtime/http/http_edge.hpp"
#include "runtime/system/clocks.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <deque>
#include <memory>
#include <string>

namespace troupe::http_api {
class Data;
class Taken;
} // namespace troupe::http_api

namespace troupe::serving_http {
struct exchange;
} // namespace troupe::serving_http

namespace troupe {

/// One exchange of a connection that an actor of its own serves, because it
/// flows both ways: a command in a container, forwarded ports, a proxy. Its
/// connection passes on what it hears of that exchange, and ends it together
/// with the exchange.
using http_stream_actor = container_stream_actor
    // What the client says once the exchange is upgraded.
    ::extend<caf::reacts_to<pb<http_api::Data>>,
             // Pieces of the answer left for the client.
             caf::reacts_to<pb<http_api::Taken>>,
             // Somebody has been waited for long enough.
             caf::reacts_to<pb<system::Tick>>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// Chunks of output that may be on their way to a client.
inline constexpr uint32_t stream_window = 16;
/// A chunk that goes to a source.
inline constexpr size_t longest_stream_chunk = 64u << 10;
/// Pieces on their way to a client that reads nothing: then no more is read of
/// it, for that may be what it is answered to.
inline constexpr size_t most_on_the_way = 64;
/// Kubernetes' kubelets: where nothing was said for so long nobody is there.
inline constexpr std::chrono::hours streaming_idle{4};
/// Bytes of a client that wait for a source: then no more is read.
inline constexpr size_t most_stream_input = 256u << 10;

/// The client's side of such an exchange.
class http_door {
public:
  http_door() = default;
  http_door(std::shared_ptr<http::http_edge> edge, uint64_t connection,
            std::shared_ptr<const serving_http::exchange> x)
      : edge_(std::move(edge)), connection_(connection), x_(std::move(x)) {}

  const serving_http::exchange& x() const { return *x_; }

  /// Answers with a Status that says why not.
  void refuse(const caf::error& why);
  /// Answers whole.
  void answer(http::response_head head, std::string body);
  /// Answers with text, as Kubernetes' kubelets do.
  void answer_text(int status, const std::string& text);

  void begin(http::response_head head);
  void upgrade(http::response_head head);
  /// Sends a piece, unless it is empty.
  void send(std::string piece);
  /// One more piece of the client is welcome.
  void allow(uint32_t pieces);
  void end(bool broken);

  /// Counts pieces that left; returns how many are still on their way.
  size_t taken(uint32_t pieces);
  size_t on_the_way() const { return on_the_way_; }

private:
  void add_audit_id(http::response_head& head) const;

  std::shared_ptr<http::http_edge> edge_;
  uint64_t connection_ = 0;
  std::shared_ptr<const serving_http::exchange> x_;
  size_t on_the_way_ = 0;
};

/// What every such actor has.
struct http_stream_base {
  std::unique_ptr<context> ctx;
  calls requests;
  http_door door;
  command_session_actor session;
  steady_point active; ///< when something was last said
};

/// What such an actor is started with.
struct http_stream_start {
  context ctx;
  std::shared_ptr<http::http_edge> edge;
  uint64_t connection = 0;
  std::shared_ptr<const serving_http::exchange> x;
  command_session_actor session;
  caf::actor parent; ///< with which it ends
};

/// Bytes for a source, as many chunks of them as it allowed.
class stream_input {
public:
  void add(std::string bytes);
  /// Nothing follows.
  void end() { ends_ = true; }
  void allow(uint32_t chunks) { allowed_ += chunks; }

  /// Takes the next chunk; false when there is none, or none is allowed. An
  /// empty one with `end` set is the last.
  bool next(container::StreamData& out);

  size_t waiting() const { return waiting_; }

private:
  std::deque<std::string> parts_;
  size_t waiting_ = 0; ///< bytes
  uint32_t allowed_ = 0;
  bool ends_ = false;
  bool ended_ = false;
};

} // namespace troupe
