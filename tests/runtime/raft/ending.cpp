#include "tests/runtime/raft/simulation.hpp"

#include <algorithm>

// Once faults stop, a group must come to rest in bounded time.
namespace troupe::raft::sim {

using step = membership_change::step;

void simulation::until(const char* what, uint64_t timeouts,
                       const std::function<bool()>& done) {
  auto last = now_ + timeouts * 2 * with_.set.election_ticks * tick_length;
  while (!done()) {
    if (now_ > last)
      throw violation{std::string{"in vain so far: "} + what};
    auto next = queue_.top();
    queue_.pop();
    handle(next);
  }
}

bool simulation::caught_up() {
  auto* first = leader();
  if (first == nullptr)
    return false;
  auto is = first->member->raft->now();
  if (is.commit != is.last.index)
    return false;
  for (auto& x : first->member->raft->members().members())
    if (find(x.id).member->state.at.index != is.last.index)
      return false;
  return std::none_of(clients_.begin(), clients_.end(),
                      [](const client& x) { return x.waits; });
}

void simulation::change_and_wait(const membership_change& wish) {
  // A new leader may undo it before it is committed: then it is tried again.
  until("a change of configuration", 30, [&] {
    auto* on = leader();
    if (on == nullptr
        || on->member->seen.members_since > on->member->seen.commit)
      return false;
    auto* x = on->member->raft->members().find(wish.id);
    auto done = wish.what == step::remove ? x == nullptr
                : wish.what == step::add  ? x != nullptr
                                          : x != nullptr && x->voter;
    if (done)
      return true;
    change(*on, wish);
    return false;
  });
}

void simulation::end_faults() {
  faults_ = false;
  net_.end_faults();
  with_.disk = 5;
  with_.apply = 5;
  with_.sync = 10;
  with_.fetch = 50;
  for (auto& x : hosts_) {
    x->slow = 1;
    x->wakes = 0;
    if (!x->gone && !x->member->up())
      start(*x);
  }
  if (trace_)
    say("no more faults");
  until("a leader", 20, [&] { return leader() != nullptr; });
  auto members = leader()->member->raft->members();
  for (auto& x : members.members())
    if (find(x.id).gone)
      change_and_wait({step::remove, x.id, {}});
  until("all members to catch up", 300, [&] { return caught_up(); });
  // And it is of use.
  until("a write to be taken", 30, [&] {
    auto* on = leader();
    if (on != nullptr && !clients_[0].waits) {
      begin_turn(0);
      client_writes(0, *on);
    }
    return clients_[0].waits;
  });
  auto& there = members.members();
  for (size_t i = 1; i < clients_.size(); ++i)
    if (auto& on = find(there[i % there.size()].id); on.member->up()) {
      begin_turn(i);
      client_reads(i, on);
    }
  until("clients to be answered", 30, [&] { return caught_up(); });
  auto added = hosts_.size() + 1;
  if (added > most_members)
    return;
  change_and_wait({step::add, added, "last"});
  until("a learner to catch up", 30, [&] { return caught_up(); });
  change_and_wait({step::promote, added, {}});
  change_and_wait({step::remove, leader()->member->id(), {}});
  until("the rest to go on", 30, [&] { return caught_up(); });
  be_quiet();
}

/// At rest there are heartbeats and their answers, and nothing else.
void simulation::be_quiet() {
  constexpr uint64_t ticks = 20;
  // Until the last of the messages of stormy times is through.
  auto settled = now_ + 60 * tick_length;
  until("time to pass", 100, [&] { return now_ > settled; });
  auto before = delivered_;
  auto end = now_ + ticks * tick_length;
  until("time to pass", 100, [&] { return now_ > end; });
  auto* first = leader();
  if (first == nullptr)
    throw violation{"the leader is gone, although nothing has happened"};
  auto peers = first->member->raft->members().members().size() - 1;
  auto rounds = ticks * tick_length / first->tick / with_.set.heartbeat_ticks;
  if (delivered_ - before > 2 * peers * (rounds + 2))
    throw violation{std::to_string(delivered_ - before)
                    + " messages, although nothing happens"};
}

} // namespace troupe::raft::sim
