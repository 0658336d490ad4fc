#pragma once

#include "tests/runtime/raft/checks.hpp"
#include "tests/runtime/raft/network.hpp"
#include "tests/runtime/raft/node.hpp"
#include "tests/runtime/raft/regime.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

namespace troupe::raft::sim {

/// What happened in a run: to see that it was worth something.
struct tally {
  uint64_t events = 0;
  uint64_t ticks = 0; ///< of time, over all
  uint64_t committed = 0;
  uint64_t terms = 0;
  uint64_t crashes = 0;
  uint64_t writes = 0;  ///< acknowledged to clients
  uint64_t dropped = 0; ///< told to clients
  uint64_t reads = 0;
  uint64_t changes = 0;
  uint64_t fetches = 0; ///< of whole states

  void add(const tally& x);
};

/// The line that repeats a run and shows every step.
std::string how_to_repeat(uint64_t seed, uint64_t events);
std::string show(const tally& x);

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
  enum class kind : uint8_t {
    tick,
    deliver,
    persist,
    apply,
    sync,
    fetch,
    fetched,
    restart,
    client,
    fault,
    relief,
  };

  /// What relief ends.
  enum class trouble : uint8_t { cut, storm, slow };

  struct event {
    uint64_t time = 0;
    uint64_t order = 0;
    kind what = kind::tick;
    member_id who = 0;
    uint64_t life = 0; ///< of that member; of an earlier one it is void
    uint64_t what_for = 0;

    bool operator>(const event& x) const {
      return std::pair{time, order} > std::pair{x.time, x.order};
    }
  };

  /// A client's proposal that is not decided yet.
  struct waiter {
    uint64_t term = 0;
    size_t client = 0;
    uint64_t turn = 0;
    std::string value;
  };

  /// A member and what is under way around it.
  struct host {
    std::unique_ptr<node> member;
    uint64_t tick = tick_length; ///< no two clocks are alike
    uint64_t slow = 1;           ///< its disk takes so many times as long
    bool persisting = false;
    bool applying = false;
    bool gone = false;  ///< for ever
    uint64_t fetch = 0; ///< the number of the fetch that counts
    state_fetch wanted;
    machine_state coming; ///< the state that is being fetched
    std::multimap<uint64_t, waiter> waiting; ///< by index
  };

  struct client {
    uint64_t turn = 0; ///< events of an earlier one are void
    bool waits = false;
    uint64_t begun = 0;
    std::string value; ///< of a write
  };

  // -- simulation.cpp
  void at(uint64_t delay, kind what, const host* who, uint64_t what_for = 0);
  void handle(const event& x);
  void handle(host& on, const event& x);
  void deliver(host& on, uint64_t slot);
  void persist(host& on);
  void apply(host& on);
  void begin_fetch(host& on, uint64_t number);
  void end_fetch(host& on, uint64_t number);
  void drive(host& on, const std::string& input);
  void route(host& on, output& out);
  host& add_host(machine_state from);
  host& find(member_id id) { return *hosts_[id - 1]; }
  host* leader();
  void start(host& on);
  void crash(host& on);
  void say(const std::string& what);

  // -- clients.cpp
  void client_turn(size_t number);
  void begin_write(size_t number, host& on);
  void begin_read(size_t number, host& on);
  void end_turn(size_t number, uint64_t pause);
  void settle_write(host& on, const entry& x);
  void settle_reads(host& on);
  void told_dropped(host& on, position at);

  // -- faults.cpp
  void fault();
  uint64_t while_long();
  void crash_some();
  void cut_links();
  void slow_disk();
  void lose_many();
  void transfer_leadership();
  void hint();
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
  uint64_t no_change_before_ = 0;
  uint64_t fetches_ = 0;
  uint64_t values_ = 0;
  std::priority_queue<event, std::vector<event>, std::greater<>> queue_;
  std::vector<std::unique_ptr<host>> hosts_; ///< by id - 1
  std::vector<client> clients_;
};

} // namespace troupe::raft::sim
