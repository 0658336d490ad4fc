#pragma once

#include "runtime/dns/cache.hpp"
#include "runtime/net/loop.hpp"
#include "runtime/net/socket.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace troupe::net {

/// Whom to ask for names that are not the cluster's, and how patiently.
struct upstream_settings {
  std::filesystem::path resolv_conf = "/etc/resolv.conf";
  uint16_t port = 53; ///< of the servers that this names
  /// For one server; then the next is asked, or the same once more.
  std::chrono::milliseconds patience{1200};
  /// In all. With `patience` well below the 5 seconds of most clients.
  int tries = 3;
  /// Questions under way at once; more fail.
  size_t most = 1024;
};

/// Asks the machine's servers for names, by questions with numbers and ports
/// that nobody can guess, each question once however many wait for it, and
/// keeps what they say for as long as it holds. A question that comes back to
/// us waits for itself, so that a circle ends. Reads resolv.conf again when it
/// has changed. Lives on the loop's thread.
class upstream {
public:
  /// Gets what was said, null when nobody answered.
  using done = std::function<void(const dns::message*)>;

  /// Both the loop and what is told by `own`, which are the addresses that
  /// must not be asked since they are ours, outlive it.
  upstream(loop& on, upstream_settings settings,
           std::function<bool(const endpoint&)> own);
  ~upstream();

  upstream(const upstream&) = delete;
  upstream& operator=(const upstream&) = delete;

  /// Over TCP where the client came over it. May call `tell` at once.
  void ask(const dns::question& what, bool dnssec_ok, bool checking_disabled,
           bool tcp, done tell);

  /// Our own addresses are others now.
  void look_again() { looked_ = {}; }

  const dns::cache& known() const { return cache_; }
  uint64_t asked() const { return asked_; }
  uint64_t failed() const { return failed_; }

private:
  struct flight;
  struct server {
    sockaddr_storage address{};
    socklen_t size = 0;
  };

  void read_servers();
  void attempt(flight& x);
  void next(flight& x);
  bool start(flight& x, const server& to);
  void on_ready(flight& x, uint32_t events);
  void on_datagrams(flight& x);
  void on_stream(flight& x, uint32_t events);
  void consider(flight& x, std::string_view packet);
  void finish(flight& x, const dns::message* said);
  void drop_socket(flight& x);

  loop& loop_;
  upstream_settings settings_;
  std::function<bool(const endpoint&)> own_;
  dns::cache cache_;
  std::vector<server> servers_;
  std::filesystem::file_time_type read_{}; ///< what was read was of then
  loop::clock::time_point looked_{};
  size_t first_ = 0; ///< the server that answered last
  std::map<std::string, std::unique_ptr<flight>> flights_;
  uint64_t asked_ = 0;
  uint64_t failed_ = 0;
};

} // namespace troupe::net
