#include "tests/runtime/raft/regime.hpp"

namespace troupe::raft::sim {

namespace {

/// One of a few values; those given twice come twice as often.
template <class... T>
uint64_t one_of(chance& by, T... values) {
  uint64_t all[] = {static_cast<uint64_t>(values)...};
  return all[by.below(sizeof...(values))];
}

settings draw_settings(chance& by) {
  settings set;
  set.election_ticks = one_of(by, 5, 10, 10);
  set.heartbeat_ticks = one_of(by, 1, 1, 2);
  set.append_entries = one_of(by, 1, 2, 8, 64);
  set.append_bytes = one_of(by, 100, 1000, 100'000);
  set.window_appends = one_of(by, 1, 3, 16);
  set.window_bytes = one_of(by, 200, 2000, 100'000);
  set.uncommitted_bytes = one_of(by, 500, 3000, 100'000);
  set.promote_lag = one_of(by, 3, 20);
  set.read_rounds = one_of(by, 1, 2, 4);
  return set;
}

void draw_faults(chance& by, regime& x) {
  x.fault_every = one_of(by, 200, 500, 1000, 3000);
  x.crash = one_of(by, 0, 5, 20);
  x.debut = one_of(by, 0, 0, 100, 500);
  x.cut = one_of(by, 0, 5, 20);
  x.slow = one_of(by, 0, 2, 10);
  x.storm = one_of(by, 0, 2, 5);
  x.change = one_of(by, 0, 5, 20);
  x.transfer = one_of(by, 0, 2, 10);
  x.hint = one_of(by, 0, 2, 5);
  x.pause = one_of(by, 0, 5, 10);
  x.checkpoint = one_of(by, 0, 2, 10);
  x.destroy = one_of(by, 0, 0, 2);
}

/// Leaders come and go before they have brought much to anybody: what figure 8
/// of the paper is about.
void churn(chance& by, regime& x) {
  x.set.election_ticks = 5;
  x.set.append_entries = 1;
  x.set.window_appends = one_of(by, 1, 3);
  x.voters = one_of(by, 3, 5);
  x.delay = one_of(by, 10, 30);
  x.disk = one_of(by, 1, 10);
  x.fault_every = 1000;
  x.debut = one_of(by, 500, 800);
  x.change = 0;
  x.destroy = 0;
}

} // namespace

regime draw(chance& by) {
  regime x;
  x.set = draw_settings(by);
  x.voters = one_of(by, 1, 2, 3, 3, 3, 3, 4, 5, 5);
  x.founded = by.below(2);
  x.delay = one_of(by, 2, 10, 30, 80);
  x.lost = one_of(by, 0, 0, 5, 50);
  x.twice = one_of(by, 0, 0, 10, 100);
  x.late = one_of(by, 0, 0, 5, 50);
  x.in_order = by.below(3) == 0;
  x.disk = one_of(by, 1, 10, 50, 150);
  x.apply = one_of(by, 1, 5, 100);
  x.sync = one_of(by, 10, 500, 5000);
  x.fetch = one_of(by, 20, 200, 2000);
  x.clients = one_of(by, 2, 5, 12);
  x.think = one_of(by, 5, 50, 300);
  x.value_bytes = one_of(by, 0, 40, 200);
  draw_faults(by, x);
  if (by.below(4) == 0)
    churn(by, x);
  return x;
}

settings of(const regime& with, member_id id, chance& by) {
  auto set = with.set;
  set.self = id;
  set.checkpoint_entries = one_of(by, 5, 20, 100, 1000);
  set.checkpoint_bytes = one_of(by, 1000, 10'000, 100'000);
  set.trailing_bytes = one_of(by, 0, 200, 2000);
  set.log_bytes = set.uncommitted_bytes + set.trailing_bytes
                  + one_of(by, 500, 5000, 100'000);
  return set;
}

} // namespace troupe::raft::sim
