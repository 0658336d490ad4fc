#pragma once

#include "runtime/etcd/place.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace troupe::test {

/// Real etcd servers of one group, on free ports of 127.0.0.1, with their data
/// in a temporary folder. They end with this object, or with the process.
class etcd_servers {
public:
  /// Files for TLS; both sides show a certificate.
  struct secrets {
    std::string authority;
    std::string certificate;
    std::string key;
  };

  /// Whether this machine has an etcd.
  static bool installed();

  /// `more` goes to each server's command line.
  explicit etcd_servers(size_t count, std::filesystem::path folder = {},
                        const secrets* tls = nullptr,
                        std::vector<std::string> more = {});
  ~etcd_servers();
  etcd_servers(const etcd_servers&) = delete;
  etcd_servers& operator=(const etcd_servers&) = delete;

  size_t size() const { return servers_.size(); }

  /// Where they are, as `--store` names it; the first one first.
  std::string url() const;
  etcd::place place() const;

  pid_t pid(size_t server) const { return servers_[server].pid; }

  /// Where a server tells its counters, over plain HTTP.
  uint16_t metrics_port(size_t server) const {
    return servers_[server].metrics_port;
  }

  void kill(size_t server); ///< SIGKILL; its data stays
  void start(size_t server);
  void pause(size_t server);
  void resume(size_t server);

private:
  struct process {
    uint16_t client_port = 0;
    uint16_t peer_port = 0;
    uint16_t metrics_port = 0;
    pid_t pid = -1;
  };

  std::vector<std::string> arguments(size_t server) const;

  std::filesystem::path folder_;
  bool own_folder_ = false;
  secrets tls_;
  std::vector<std::string> more_;
  std::vector<process> servers_;
};

} // namespace troupe::test
