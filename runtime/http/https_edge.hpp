#pragma once

#include "messages/errors.hpp"
#include "runtime/crypto/key_files.hpp"
#include "runtime/http/http_edge.hpp"
#include "runtime/net/loop.hpp"
#include "runtime/net/socket.hpp"

#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

typedef struct ssl_ctx_st SSL_CTX;

namespace troupe::http {

class https_connection;

/// Where and as whom to serve.
struct https_options {
  /// Key and certificate of the server, PEM. May be replaced while it is in
  /// use: new connections use the new one.
  std::string credential_file;
  std::string authority; ///< of clients' certificates, PEM
};

/// What every connection keeps to.
struct https_limits {
  size_t connections = 10'000;
  std::chrono::seconds handshake{10};
  std::chrono::seconds request{60}; ///< from its first byte to its last
  std::chrono::seconds idle{180};   ///< between two requests
  std::chrono::seconds stall{60};   ///< nothing of an answer can be written
  size_t ahead = 64u << 10; ///< bytes read while a request is being answered
};

/// What is wrong with a certificate that was revoked.
constexpr auto revoked_text = "the certificate was revoked";

/// The edge over real sockets: TLS 1.2 and 1.3, HTTP/1.1 and, by ALPN, HTTP/2,
/// on the thread of a loop. A client that shows a certificate is who that says;
/// one without is nobody.
class https_edge : public http_edge {
public:
  explicit https_edge(std::shared_ptr<net::loop> thread,
                      https_limits limits = {});
  ~https_edge() override;

  /// Reads the credential and the authority. To be called once, first.
  caf::error prepare(const https_options& options);

  /// Opens a place; port 0 lets the system choose one. Connections wait until
  /// somebody listens. Fails with the system's reason.
  expected<net::endpoint> open(const net::endpoint& at);

  /// Certificates of these serials, lower-case hexadecimal digits, are no
  /// longer good: who shows one is nobody, and of whoever has shown one those
  /// who serve are told. Takes all of them, each time.
  void revoke(std::set<std::string> serials);

  /// How what is asked is to be noted. To be called before `listen`.
  void note(std::shared_ptr<const rules::audit_settings> how) {
    audit_ = std::move(how);
  }
  std::shared_ptr<const rules::audit_settings> audit() const override {
    return audit_;
  }

  void listen(on_connection tell) override;
  void serve(uint64_t connection, on_event tell) override;
  void close(uint64_t connection) override;
  void answer(uint64_t connection, uint64_t exchange, response_head head,
              std::string body) override;
  void begin(uint64_t connection, uint64_t exchange,
             response_head head) override;
  void send(uint64_t connection, uint64_t exchange, std::string piece) override;
  void end(uint64_t connection, uint64_t exchange, bool broken) override;
  void upgrade(uint64_t connection, uint64_t exchange,
               response_head head) override;
  void allow(uint64_t connection, uint64_t exchange, uint32_t pieces) override;

  // For connections, on the thread.
  net::loop& thread() { return *thread_; }
  const https_limits& limits() const { return limits_; }
  const std::string& authority() const { return authority_; }
  bool is_revoked(const std::string& serial) const {
    return revoked_.count(serial) != 0;
  }
  void ready(uint64_t connection);
  void forget(uint64_t connection);

private:
  struct place {
    net::unique_fd fd;
    uint64_t watch = 0;
  };
  struct freed {
    void operator()(SSL_CTX* x) const;
  };

  using context = std::unique_ptr<SSL_CTX, freed>;

  expected<context> read_context() const;
  void refresh_context();
  void accept_all(size_t which);
  void take(net::unique_fd fd);
  void refuse_one(int listener);
  /// Runs `what` with a connection that is still there, on the thread.
  template <class F>
  void with(uint64_t connection, F what);

  std::shared_ptr<net::loop> thread_;
  https_limits limits_;
  std::string credential_file_;
  std::string authority_;
  crypto::file_mark mark_{}; ///< of the file that `context_` was read from
  context context_;
  std::vector<std::unique_ptr<place>> places_;
  net::unique_fd spare_; ///< given up to turn away when there are no others
  on_connection tell_;
  std::set<std::string> revoked_; ///< serials
  std::shared_ptr<const rules::audit_settings> audit_;
  std::unordered_map<uint64_t, std::string> addresses_; ///< of connections
  uint64_t last_ = 0;
  std::unordered_map<uint64_t, std::shared_ptr<https_connection>> open_;
};

} // namespace troupe::http
