#include "messages/store.pb.h"
#include "tests/bench/etcd/load.hpp"
#include "tests/bench/etcd/side.hpp"
#include "tests/support/real_cluster.hpp"
#include "tests/support/server_members.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <signal.h>

namespace troupe::bench {

namespace {

using namespace store_api;
namespace fs = std::filesystem;

constexpr auto counting = TROUPE_BUILD_DIR "/tests/counted-syncs.so";

class own_side : public side {
public:
  own_side(size_t members, const fs::path& folder)
      : members_(members),
        syncs_(folder / "syncs"),
        cluster_(options(members, folder, syncs_)) {
    if (!cluster_.up())
      fail("it does not start: " + cluster_.output());
    clients_.emplace(cluster_.data());
    find_leader();
  }

  caf::actor_system& system() override { return clients_->system(); }
  std::vector<store_actor> doors() override { return {leader_}; }

  uint64_t syncs() override {
    uint64_t result = 0;
    std::ifstream{syncs_, std::ios::binary}.read(
        reinterpret_cast<char*>(&result), sizeof(result));
    return result;
  }

  double restart_ms() override {
    leader_ = nullptr;
    for (auto pid : processes())
      ::kill(pid, SIGKILL);
    test::wait_until([&] { return processes().empty(); });
    auto begin = std::chrono::steady_clock::now();
    if (!cluster_.run("up --port 0 --detach"))
      fail("it does not start again: " + cluster_.output());
    find_leader();
    return ms_since(begin);
  }

protected:
  std::vector<pid_t> processes() override {
    std::vector<pid_t> result;
    for (size_t i = 0; i < members_; ++i)
      if (auto pid = i == 0 ? cluster_.server()
                            : cluster_.server(test::server_names[i]))
        result.push_back(pid);
    return result;
  }

private:
  static test::real_options options(size_t members, const fs::path& folder,
                                    const fs::path& syncs) {
    test::real_options result;
    result.where = folder;
    result.nodes = 1;
    result.runtime = "simulated";
    result.network = "loopback";
    result.servers = static_cast<uint32_t>(members);
    result.processes = members > 1;
    result.launcher = std::string{"env LD_PRELOAD="} + counting
                      + " TROUPE_SYNCS=" + syncs.string() + " ";
    return result;
  }

  [[noreturn]] static void fail(const std::string& why) {
    std::fprintf(stderr, "%s\n", why.c_str());
    std::exit(1);
  }

  /// Until the leader answers a linearizable read.
  void find_leader() {
    auto found = test::wait_until([&] {
      auto first = clients_->find(test::server_names[0]);
      if (!first)
        return false;
      auto status = bench::ask<StatusResponse>(system(), first, StatusRequest{},
                                               patience);
      if (!status || status->leader() == 0)
        return false;
      for (auto& member : status->members())
        if (member.id() == status->leader())
          leader_ = clients_->find(
              member.address().substr(0, member.address().find('/')));
      RangeRequest read;
      read.set_key("ready");
      return leader_
             && bench::ask<RangeResponse>(system(), leader_, std::move(read),
                                          patience);
    });
    if (!found)
      fail("it has no leader");
  }

  static constexpr auto patience = std::chrono::seconds(5);

  size_t members_;
  fs::path syncs_;
  test::real_cluster cluster_;
  std::optional<test::server_members> clients_;
  store_actor leader_;
};

} // namespace

std::unique_ptr<side> side::own(size_t members, const fs::path& folder) {
  return std::make_unique<own_side>(members, folder);
}

} // namespace troupe::bench
