#include "messages/store.pb.h"
#include "runtime/crypto/key_files.hpp"
#include "runtime/system/context.hpp"
#include "tests/bench/etcd/load.hpp"
#include "tests/bench/etcd/side.hpp"
#include "tests/support/etcd_servers.hpp"
#include "tests/support/live_store.hpp"

#include <arpa/inet.h>
#include <cstdlib>
#include <fstream>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::bench {

namespace {

using namespace store_api;
using test::etcd_servers;
using test::live_store;
namespace fs = std::filesystem;

/// As many as one client of etcd's own would hardly use; more do not help.
constexpr size_t connections = 4;

/// What a server of HTTP answers to a GET.
std::string http_get(uint16_t port, const std::string& path) {
  auto fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string result;
  if (connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof(at)) == 0) {
    auto request = "GET " + path + " HTTP/1.0\r\n\r\n";
    if (write(fd, request.data(), request.size()) > 0) {
      char buffer[65536];
      ssize_t got = 0;
      while ((got = read(fd, buffer, sizeof(buffer))) > 0)
        result.append(buffer, static_cast<size_t>(got));
    }
  }
  close(fd);
  return result;
}

/// From two of etcd's own counters: syncs of its log, and commits of its
/// database, which syncs the data and then the page that names them.
uint64_t syncs_of(const std::string& metrics) {
  double result = 0;
  std::istringstream in{metrics};
  for (std::string line; std::getline(in, line);)
    for (auto [name, each] :
         {std::pair{"etcd_disk_wal_fsync_duration_seconds_count ", 1},
          std::pair{"etcd_disk_backend_commit_duration_seconds_count ", 2}})
      if (line.rfind(name, 0) == 0)
        result += each * std::atof(line.c_str() + std::string{name}.size());
  return static_cast<uint64_t>(result);
}

/// For servers and clients alike.
etcd_servers::secrets secrets_in(const fs::path& folder) {
  auto keys = crypto::open_cluster_keys(folder, {{"localhost"}, {"127.0.0.1"}},
                                        real_world()->now());
  if (!keys)
    fail(keys.error());
  auto write = [&](const char* name, const std::string& text) {
    std::ofstream{folder / name} << text;
    return (folder / name).string();
  };
  return {keys->authority_file, write("etcd.crt", keys->server.certificate),
          write("etcd.key", keys->server.key)};
}

class etcd_side : public side {
public:
  etcd_side(size_t members, const fs::path& folder)
      : secrets_(secrets_in(folder)), servers_(members, folder, &secrets_) {
    connect();
  }

  caf::actor_system& system() override { return store_->system(); }

  std::vector<store_actor> doors() override {
    std::vector<store_actor> result;
    for (size_t i = 0; i < store_->members(); ++i)
      result.push_back(store_->member(i));
    return result;
  }

  uint64_t syncs() override {
    uint64_t result = 0;
    for (size_t i = 0; i < servers_.size(); ++i)
      result += syncs_of(http_get(servers_.metrics_port(i), "/metrics"));
    return result;
  }

  double restart_ms() override {
    store_.reset();
    for (size_t i = 0; i < servers_.size(); ++i)
      servers_.kill(i);
    auto begin = std::chrono::steady_clock::now();
    for (size_t i = 0; i < servers_.size(); ++i)
      servers_.start(i);
    store_ = live_store::of_etcd(servers_.place());
    wait();
    return ms_since(begin);
  }

protected:
  std::vector<pid_t> processes() override {
    std::vector<pid_t> result;
    for (size_t i = 0; i < servers_.size(); ++i)
      result.push_back(servers_.pid(i));
    return result;
  }

private:
  void wait() {
    if (auto err = store_->wait_ready())
      fail(err);
  }

  /// All connections go to the leader, as ours do.
  void connect() {
    store_ = live_store::of_etcd(servers_.place());
    wait();
    auto status = ask<StatusResponse>(StatusRequest{});
    auto where = servers_.place();
    for (auto& member : status.members())
      for (size_t i = 0; i < where.servers.size(); ++i)
        if (member.id() == status.leader()
            && member.address().find(etcd::name_of(where, i))
                   != std::string::npos)
          std::swap(where.servers[0], where.servers[i]);
    store_ = live_store::of_etcd(where, connections);
    wait();
  }

  etcd_servers::secrets secrets_;
  etcd_servers servers_;
  std::unique_ptr<live_store> store_;
};

} // namespace

std::unique_ptr<side> side::etcd(size_t members, const fs::path& folder) {
  return std::make_unique<etcd_side>(members, folder);
}

} // namespace troupe::bench
