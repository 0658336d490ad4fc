#include "cli/server_membership.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/call.pb.h"
#include "messages/store.pb.h"
#include "messages/store_desk.pb.h"
#include "tests/bench/cluster/cluster.hpp"
#include "tests/bench/cluster/requests.hpp"
#include "tests/bench/cluster/sections.hpp"

#include <atomic>
#include <mutex>
#include <signal.h>
#include <thread>

namespace troupe::bench {

namespace {

constexpr int kills = 100;
constexpr int stops = 20;
constexpr int moves = 100;
/// As many writes in a row are taken for the end of an outage.
constexpr size_t calm = 20;
/// A server that ends soon after its start, again and again, is started later
/// and later; kills this far apart count as single failures.
constexpr auto between_kills = std::chrono::milliseconds(1'200);
constexpr auto patience = std::chrono::seconds(30);

/// Changes one object after another as fast as it can, and notes when each
/// change was acknowledged.
class writer {
public:
  explicit writer(const cluster& of)
      : client_(of.connect()), thread_([this] { run(); }) {
    // nop
  }

  ~writer() {
    over_ = true;
    thread_.join();
  }

  size_t count() const {
    std::lock_guard guard{mutex_};
    return acknowledged_.size();
  }

  /// Waits until as many more are acknowledged.
  void wait_for(size_t more) const {
    auto goal = count() + more;
    for (auto begin = clock::now(); count() < goal;) {
      if (clock::now() - begin > patience)
        fail("no writes for too long");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  /// The longest time without an acknowledged write since `begin`, with the
  /// one during which it began.
  double longest_gap(clock::time_point begin) const {
    std::lock_guard guard{mutex_};
    clock::duration result{};
    for (auto i = acknowledged_.size(); i-- > 1;) {
      result = std::max(result, acknowledged_[i] - acknowledged_[i - 1]);
      if (acknowledged_[i - 1] < begin)
        break;
    }
    return std::chrono::duration<double, std::milli>(result).count();
  }

private:
  void run() {
    for (uint64_t number = 0; !over_; ++number) {
      core::v1::ConfigMap what;
      what.mutable_metadata()->set_namespace_("default");
      what.mutable_metadata()->set_name("outage-"
                                        + std::to_string(number % 100));
      (*what.mutable_data())["number"] = std::to_string(number);
      call::Request msg;
      msg.set_verb(number < 100 ? call::CREATE : call::UPDATE);
      msg.set_api_version("v1");
      msg.set_kind("ConfigMap");
      msg.set_namespace_("default");
      msg.set_name(what.metadata().name());
      if (!client_->ask(std::move(msg), object::of(what)))
        continue;
      std::lock_guard guard{mutex_};
      acknowledged_.push_back(clock::now());
    }
  }

  std::unique_ptr<command_client> client_;
  std::atomic<bool> over_ = false;
  mutable std::mutex mutex_;
  std::vector<clock::time_point> acknowledged_;
  std::thread thread_;
};

store_api::StatusResponse status(command_client& client) {
  call::StoreQuestion question;
  question.mutable_status()->set_everyone(true);
  auto answer = client.ask_store(question);
  return answer ? answer->status() : store_api::StatusResponse{};
}

/// Waits until all are up and level, and the one leads.
void let_lead(command_client& client, const std::string& server) {
  for (auto begin = clock::now(); clock::now() - begin < patience;) {
    auto is = status(client);
    uint64_t id = 0;
    auto level = is.members_size() == 3 && is.leader() != 0;
    for (auto& member : is.members()) {
      level = level && member.errors().empty()
              && member.applied_index() + 100 > is.commit_index();
      if (cli::server_of(member) == server)
        id = member.id();
    }
    if (level && is.leader() == id)
      return;
    if (!level) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    call::StoreQuestion question;
    question.mutable_move_leader()->set_id(id);
    client.ask_store(question);
  }
  fail(server + " does not lead");
}

} // namespace

void measure_outages(const setup& how, table& out) {
  folder data{how.where};
  cluster all{how.program, data.path(),
              how.up({"--nodes", "1", "--runtime", "simulated", "--servers",
                      "3", "--processes"})};
  all.up();
  auto client = all.connect();
  writer load{all};
  load.wait_for(100 + calm);
  // The clients' server is the one that stays.
  auto victim = [](int i) {
    return std::string{i % 2 == 0 ? "server-2" : "server-3"};
  };
  auto measure = [&](int count, auto&& act) {
    sample result;
    for (int i = 0; i < count; ++i) {
      let_lead(*client, victim(i));
      load.wait_for(calm);
      auto begin = clock::now();
      act(victim(i), victim(i + 1));
      load.wait_for(calm);
      result.add(load.longest_gap(begin));
    }
    return result;
  };
  // What the disk and two processors cost the writer as it is.
  auto quiet =
      measure(moves, [&](const auto&, const auto&) { load.wait_for(calm); });
  auto moved = measure(moves, [&](const auto&, const auto& to) {
    auto is = status(*client);
    for (auto& member : is.members())
      if (cli::server_of(member) == to) {
        call::StoreQuestion question;
        question.mutable_move_leader()->set_id(member.id());
        if (auto done = client->ask_store(question); !done)
          fail(message_of(done.error()));
      }
  });
  auto killed = measure(kills, [&](const auto& name, const auto&) {
    std::this_thread::sleep_for(between_kills);
    kill(all.server(name), SIGKILL);
  });
  auto stopped = measure(stops, [&](const auto& name, const auto&) {
    auto process = all.server(name);
    kill(process, SIGSTOP);
    load.wait_for(1 + calm);
    kill(process, SIGCONT);
  });
  out.add("no write while nothing happens, of " + std::to_string(moves),
          quiet.outage("ms"));
  out.add("no write while leadership moves, of " + std::to_string(moves),
          moved.outage("ms"), "50 ms");
  out.add("no write when a leader is killed, of " + std::to_string(kills),
          killed.outage("ms"), "1,000 ms");
  out.add("no write when a leader is stopped, of " + std::to_string(stops),
          stopped.outage("ms"), "2,000 ms");
}

} // namespace troupe::bench
