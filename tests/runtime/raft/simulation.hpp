#pragma once

#include "tests/runtime/raft/checks.hpp"
#include "tests/runtime/raft/event.hpp"
#include "tests/runtime/raft/host.hpp"
#include "tests/runtime/raft/network.hpp"
#include "tests/runtime/raft/regime.hpp"
#include "tests/runtime/raft/tally.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <vector>

namespace troupe::raft::sim {

/// A group of members, its clients and its faults, all driven by one seed: the
/// same seed makes the same run. First come faults; then there are no more, and
/// the group must come to rest in bounded time.
class simulation {
public:
  using sink = std::function<void(const std::string&)>;

  /// With a sink, every step becomes a line of text.
  explicit simulation(uint64_t seed, sink trace = nullptr);

  /// Throws `violation`, or `broken` where the core itself saw something.
  tally run(uint64_t events);

private:
  // -- simulation.cpp
  void at(uint64_t delay, kind what, const host* who, uint64_t what_for = 0);
  void handle(const event& x);
  void handle(host& on, const event& x);
  void check_quorum(const host& on);
  void deliver(host& on, uint64_t slot);
  void persist(host& on);
  void apply(host& on);
  void begin_fetch(host& on, uint64_t number);
  void end_fetch(host& on, uint64_t number);
  void drive(host& on, const std::string& input);
  void route(host& on, output& out);
  host& add_host(machine_state from);
  host& find(member_id id) { return *hosts_[id - 1]; }
  /// The one of the latest term.
  host* leader();
  /// Any that takes itself for one.
  host* some_leader();
  void start(host& on);
  void crash(host& on);
  void say(const std::string& what);

  // -- clients.cpp
  void client_turn(size_t number);
  void client_asks(host& on, uint64_t token);
  void begin_turn(size_t number);
  void client_writes(size_t number, host& on);
  void client_reads(size_t number, host& on);
  void end_turn(size_t number, uint64_t pause);
  void settle_write(host& on, const entry& x);
  void settle_reads(host& on);
  void told_dropped(host& on, position at);

  // -- faults.cpp
  void fault();
  uint64_t while_long();
  void crash_for_a_while(host& on);
  void isolate(const host& on);
  void hint_at(member_id whom);
  void crash_some();
  void cut_links();
  void slow_disk();
  void lose_many();
  void transfer_leadership();
  void hint();
  void pause_one();
  host& victim();
  void sync_one();
  void destroy_one();
  void relieve_later(trouble what, member_id who);
  void relieve(trouble what, member_id who);

  // -- members.cpp
  void change_members();
  bool change(host& on, const membership_change& wish);
  bool settled(const host& leader) const;
  void retire();

  // -- ending.cpp
  void end_faults();
  void until(const char* what, uint64_t timeouts,
             const std::function<bool()>& done);
  bool caught_up();
  void be_quiet();
  void change_and_wait(const membership_change& wish);

  chance by_;
  regime with_;
  checks checks_;
  network net_;
  sink trace_;
  tally tally_;
  bool faults_ = true;
  uint64_t now_ = 0;
  uint64_t order_ = 0;
  uint64_t delivered_ = 0;
  uint64_t no_change_before_ = 0;
  uint64_t fetches_ = 0;
  uint64_t values_ = 0;
  std::priority_queue<event, std::vector<event>, std::greater<>> queue_;
  std::vector<std::unique_ptr<host>> hosts_; ///< by id - 1
  std::vector<client> clients_;
};

} // namespace troupe::raft::sim
