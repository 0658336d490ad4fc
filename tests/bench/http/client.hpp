#pragma once

#include "runtime/crypto/kubeconfig.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace troupe::bench {

/// What came back.
struct http_answer {
  int status = 0;
  std::string body;
};

/// Where to ask, and as whom; read once, for all clients.
class http_place {
public:
  /// Ends the benchmark when the file cannot be used.
  explicit http_place(const std::filesystem::path& kubeconfig);
  /// A server without names or rights, at a port of this machine.
  explicit http_place(uint16_t port);
  ~http_place();

  http_place(const http_place&) = delete;
  http_place& operator=(const http_place&) = delete;

private:
  friend class http_client;
  struct parts;

  std::unique_ptr<parts> parts_;
};

/// One connection over TLS that stays open: HTTP/1.1, one request at a time.
/// Whatever fails ends the benchmark with a message.
class http_client {
public:
  explicit http_client(const http_place& to);
  ~http_client();

  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;

  http_answer ask(std::string_view method, const std::string& path,
                  std::string_view body = {},
                  std::string_view type = "application/json",
                  std::string_view accept = "application/json");

  /// Begins a watch; its lines come by `next_line`.
  void watch(const std::string& path);

  /// The next line of a watch. False: it has ended, or was told to.
  bool next_line(std::string& line);

  /// From another thread: no more lines.
  void hang_up();

private:
  struct connection;

  bool fill();
  std::string take_line();
  std::string take(size_t size);
  int read_head(bool& chunked, size_t& length);

  std::unique_ptr<connection> c_;
  std::string in_;
  size_t used_ = 0;
  std::string host_;
  std::string pending_; ///< of a watch: what its chunks held
  size_t shown_ = 0;    ///< so much of it was given away as lines
};

} // namespace troupe::bench
