#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace troupe::http {

/// The client's side of TLS without a socket: what is to be said and what was
/// heard, on both sides as bytes. It does not ask who the server is.
/// Kubernetes: nor does the proxy to pods and services, whose certificates
/// nobody vouches for.
class tls_client {
public:
  tls_client();
  ~tls_client();
  tls_client(tls_client&&) noexcept;
  tls_client& operator=(tls_client&&) noexcept;

  /// Takes what came from the server.
  void receive(std::string_view bytes);
  /// Says this, as soon as the handshake is done.
  void write(std::string_view text);

  /// Takes what is to be sent to the server.
  std::string take_output();
  /// Takes what the server has said.
  std::string take_text();

  /// The server has ended its side in order.
  bool ended() const { return ended_; }
  /// "" when all is well.
  const std::string& problem() const { return problem_; }

private:
  class machine;

  void go_on();

  std::unique_ptr<machine> machine_;
  std::string unsaid_; ///< until the handshake is done
  std::string text_;
  bool ended_ = false;
  std::string problem_;
};

} // namespace troupe::http
