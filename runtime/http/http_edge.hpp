#pragma once

#include "messages/time.hpp"
#include "runtime/http/health.hpp"
#include "runtime/http/http_message.hpp"
#include "runtime/http/request_metrics.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::rules {
struct audit_settings;
} // namespace troupe::rules

namespace troupe::http {

/// Who is at the other end of a connection.
struct peer {
  std::string user; ///< of the client's certificate; "" without one
  std::vector<std::string> groups;
  std::string problem;      ///< what is wrong with the certificate
  std::string address = {}; ///< where it came from, as far as is known
  std::optional<time_point> until = {}; ///< when the certificate ends
};

/// What happens on a connection.
struct event {
  enum class type : uint8_t {
    request,    ///< `what` is to be answered
    data,       ///< bytes of an upgraded connection, or of the body of a
                ///< request that streams; of the latter, none: that was all
    taken,      ///< `pieces` of an answer are on their way
    abandoned,  ///< nobody waits for the answer any more
    distrusted, ///< the client's certificate is no longer good: `bytes` is why
    closed,     ///< the connection has ended; the last event
  };

  type kind = type::closed;
  uint64_t exchange = 0;
  request what;
  bool streams = false; ///< of a request: its body comes after it, in pieces
  std::string bytes;
  uint32_t pieces = 0;
};

/// Serves HTTP to the outside: turns connections into requests and answers into
/// bytes. Requests of one connection have numbers, `exchange`; how many are
/// open at a time is the protocol's business.
///
/// An answer is either whole (`answer`), or begun, sent in pieces and ended. A
/// piece was taken when it left for the client: whoever has many waits for
/// that. Whatever is said of an exchange or a connection that has ended is
/// ignored. All functions may be called by any thread; callbacks come on any
/// and must not block.
class http_edge {
public:
  using on_connection = std::function<void(uint64_t connection, peer who)>;
  using on_event = std::function<void(event)>;

  virtual ~http_edge() = default;

  /// What was served over it, as those who serve report it.
  virtual request_metrics& metrics() { return metrics_; }

  finished_steps& finished() { return finished_; }

  /// From now on `tell` hears of each connection. Those that somebody else was
  /// told of before are closed.
  virtual void listen(on_connection tell) = 0;

  /// Hears what comes on a connection; until then nothing is read from it.
  virtual void serve(uint64_t connection, on_event tell) = 0;

  /// Ends a connection; what was sent still leaves.
  virtual void close(uint64_t connection) = 0;

  /// Answers a request whole.
  virtual void answer(uint64_t connection, uint64_t exchange,
                      response_head head, std::string body) = 0;

  /// Begins an answer whose length is not known, or is told by a header.
  virtual void begin(uint64_t connection, uint64_t exchange,
                     response_head head) = 0;
  virtual void send(uint64_t connection, uint64_t exchange,
                    std::string piece) = 0;

  /// Ends an answer that was begun; with `broken`, so that the client sees
  /// that something is missing.
  virtual void end(uint64_t connection, uint64_t exchange, bool broken) = 0;

  /// Answers with 101 and goes over to another protocol: from then on `send`
  /// writes bytes as they are, and events bring what the client sends.
  virtual void upgrade(uint64_t connection, uint64_t exchange,
                       response_head head) = 0;

  /// Allows so many more pieces of an upgraded connection, of which there are
  /// some from the start, or of a body that streams, of which there are none:
  /// a client that waits to be told to send it is told by the first.
  virtual void allow(uint64_t connection, uint64_t exchange,
                     uint32_t pieces) = 0;

  /// How what is asked is to be noted; null where it is not.
  virtual std::shared_ptr<const rules::audit_settings> audit() const {
    return nullptr;
  }

private:
  request_metrics metrics_;
  finished_steps finished_;
};

} // namespace troupe::http
