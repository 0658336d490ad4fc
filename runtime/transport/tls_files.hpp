#pragma once

#include "messages/errors.hpp"
#include "runtime/crypto/key_files.hpp"

#include <openssl/ssl.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

namespace troupe {

/// Files, PEM: what this process proves itself with (key and certificate in
/// one), and the authority that peers must be signed by. May be replaced while
/// they are in use: new connections use the new ones.
struct secure_files {
  std::string credential;
  std::string authority;
};

/// The protocols that may be spoken over our TLS (ALPN).
inline constexpr auto actors_protocol = "troupe-actors/1";
inline constexpr auto join_protocol = "troupe-join/1";

/// The form in which ALPN wants a protocol.
std::string alpn_of(const char* protocol);

/// What all connections that begin with the same files have in common: TLS 1.3
/// and no older, certificates on both sides but for who wants to join.
struct tls_context {
  struct freed {
    void operator()(SSL_CTX* x) const { SSL_CTX_free(x); }
  };

  std::unique_ptr<SSL_CTX, freed> openssl;
  std::shared_ptr<const std::atomic<bool>> joins; ///< are heard
};

/// Keeps what was read of the files. Safe from any thread.
class tls_files {
public:
  explicit tls_files(secure_files files) : files_(std::move(files)) {}

  /// Returns what the files say now, or said when they could be read last;
  /// fails when they never could.
  expected<std::shared_ptr<const tls_context>> current();

  /// From now on who wants to join is heard.
  void hear_joins() { *joins_ = true; }

private:
  /// Tells that a file was replaced.
  struct mark {
    crypto::file_mark of_credential;
    crypto::file_mark of_authority;

    bool operator==(const mark&) const = default;
  };

  expected<std::shared_ptr<const tls_context>> read() const;

  secure_files files_;
  std::shared_ptr<std::atomic<bool>> joins_ =
      std::make_shared<std::atomic<bool>>(false);
  std::mutex mutex_;
  mark mark_{};
  std::shared_ptr<const tls_context> context_;
};

} // namespace troupe
