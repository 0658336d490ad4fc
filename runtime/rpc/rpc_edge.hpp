#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::rpc {

/// gRPC's status codes, as they travel.
enum class code : int {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

/// How a call ended.
struct status {
  rpc::code code = rpc::code::ok;
  std::string message;
  /// False: nothing of it ever left this machine, so it was not done.
  bool sent = true;

  bool ok() const { return code == rpc::code::ok; }
};

using headers = std::vector<std::pair<std::string, std::string>>;

/// Whom to call, and how both sides prove who they are.
struct endpoint {
  std::string host;
  std::string port;
  bool tls = false;
  std::string authority;   ///< PEM; empty: the system's
  std::string certificate; ///< PEM of this side, empty for none
  std::string key;         ///< PEM, secret
};

/// A call that goes on in both directions. Its end cancels it.
class stream {
public:
  virtual ~stream() = default;

  /// Queues a message. Lost if the stream ends.
  virtual void send(std::string message) = 0;

  /// The receiver is done with one message: that many may be on their way to
  /// it at a time, the rest waits at the sender.
  virtual void took() = 0;
};

/// A connection to one endpoint, made at the first call and again when it
/// broke. Callbacks come on a thread of the edge and must be quick; some may
/// still come after the end of the channel or stream, and none once the last
/// that is of the edge has ended.
class channel {
public:
  virtual ~channel() = default;

  /// Calls a method ("/package.Service/Method"); `done` is called once.
  virtual void call(const std::string& method, std::string request,
                    std::chrono::milliseconds deadline,
                    std::function<void(status, std::string response)> done) = 0;

  /// Begins a stream; `ended` is called once, after the last `heard`.
  virtual std::unique_ptr<stream>
  open(const std::string& method, const headers& with,
       std::function<void(std::string message)> heard,
       std::function<void(status)> ended) = 0;
};

/// How this process calls others over gRPC.
class rpc_edge {
public:
  virtual ~rpc_edge() = default;

  /// Never blocks and never fails: who cannot be reached shows in the calls.
  virtual std::unique_ptr<channel> connect(const endpoint& to) = 0;
};

} // namespace troupe::rpc
