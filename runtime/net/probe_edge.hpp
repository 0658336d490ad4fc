#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::net {

/// Where and how to knock.
struct probe_request {
  enum class form : uint8_t { tcp, http, https };

  form kind = form::tcp;
  std::string address; ///< IPv4, or a host name
  uint16_t port = 0;
  std::string path = "/"; ///< http: path and query
  std::vector<std::pair<std::string, std::string>> headers; ///< http
  std::chrono::milliseconds timeout{1000};
};

struct probe_result {
  bool ok = false;
  std::string message; ///< why not, or what was answered
};

/// Asks a container over the network whether it is well, as Kubernetes does:
/// a TCP connect that succeeds; an HTTP GET answered with 200 to 399 (redirects
/// to the same host are followed, certificates are not checked).
class probe_edge {
public:
  /// Called once, on any thread, perhaps before `probe` returns.
  using done = std::function<void(probe_result)>;

  virtual ~probe_edge() = default;

  virtual void probe(probe_request request, done tell) = 0;
};

/// Answers at once what it was told to, success without being told: for
/// simulated networks.
class simulated_probes : public probe_edge {
public:
  using rule = std::function<probe_result(const probe_request&)>;

  simulated_probes() = default;
  explicit simulated_probes(rule r) : rule_(std::move(r)) {}

  void probe(probe_request request, done tell) override {
    tell(rule_ ? rule_(request) : probe_result{true, {}});
  }

private:
  rule rule_;
};

} // namespace troupe::net
