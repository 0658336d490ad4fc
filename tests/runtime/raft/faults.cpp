#include "tests/runtime/raft/simulation.hpp"
#include "tests/runtime/raft/trace.hpp"

#include <algorithm>

namespace troupe::raft::sim {

void simulation::fault() {
  if (!faults_)
    return;
  at(by_.between(1, 2 * with_.fault_every), kind::fault, nullptr);
  retire();
  auto& x = with_;
  const std::pair<uint64_t, void (simulation::*)()> kinds[] = {
      {x.crash, &simulation::crash_some},
      {x.cut, &simulation::cut_links},
      {x.slow, &simulation::slow_disk},
      {x.storm, &simulation::lose_many},
      {x.change, &simulation::change_members},
      {x.transfer, &simulation::transfer_leadership},
      {x.hint, &simulation::hint},
      {x.pause, &simulation::pause_one},
      {x.checkpoint, &simulation::sync_one},
      {x.destroy, &simulation::destroy_one},
  };
  uint64_t all = 0;
  for (auto& [share, does] : kinds)
    all += share;
  if (all == 0)
    return;
  auto drawn = by_.below(all);
  for (auto& [share, does] : kinds) {
    if (drawn < share) {
      (this->*does)();
      return;
    }
    drawn -= share;
  }
}

host& simulation::victim() {
  auto* worst = by_.below(2) == 0 ? some_leader() : nullptr;
  return worst != nullptr ? *worst : *by_.of(hosts_);
}

uint64_t simulation::while_long() {
  return by_.between(1,
                     by_.permille(300) ? 60 * tick_length : 10 * tick_length);
}

void simulation::crash_some() {
  crash_for_a_while(victim());
  if (by_.permille(100))
    for (auto& x : hosts_)
      crash_for_a_while(*x);
}

void simulation::crash_for_a_while(host& on) {
  if (!on.member->up())
    return;
  crash(on);
  at(while_long(), kind::restart, &on);
}

void simulation::isolate(const host& on) {
  auto id = on.member->id();
  for (member_id other = 1; other <= hosts_.size(); ++other) {
    net_.cut(id, other);
    net_.cut(other, id);
  }
  if (trace_)
    say(std::to_string(id) + " > is cut off");
  relieve_later(trouble::cut, 0);
  if (by_.below(2) == 0)
    hint_at(id);
}

void simulation::cut_links() {
  auto count = hosts_.size();
  auto& target = victim();
  auto one = target.member->id();
  auto other = 1 + by_.below(count);
  auto style = by_.below(5);
  if (style == 0) {
    isolate(target);
    return;
  }
  std::vector<bool> side(count + 1);
  for (size_t i = 1; i <= count; ++i)
    side[i] = by_.below(2) == 0;
  for (member_id a = 1; a <= count; ++a) {
    for (member_id b = 1; b <= count; ++b) {
      bool cuts[] = {
          false,
          side[a] != side[b], // in two
          a == one,           // one is not heard
          b == one,           // one does not hear
          a == one && b == other,
      };
      if (cuts[style])
        net_.cut(a, b);
    }
  }
  if (trace_)
    say("links are cut, style " + std::to_string(style));
  relieve_later(trouble::cut, 0);
}

void simulation::slow_disk() {
  auto& x = victim();
  x.slow = by_.between(5, 50);
  relieve_later(trouble::slow, x.member->id());
}

void simulation::lose_many() {
  net_.storm();
  relieve_later(trouble::storm, 0);
}

void simulation::relieve_later(trouble what, member_id who) {
  queue_.push({now_ + while_long(), ++order_, kind::relief, who, 0,
               static_cast<uint64_t>(what)});
}

void simulation::relieve(trouble what, member_id who) {
  switch (what) {
    case trouble::cut:
      net_.heal();
      if (trace_)
        say("links are whole");
      break;
    case trouble::storm:
      net_.calm();
      break;
    case trouble::slow:
      find(who).slow = 1;
      break;
  }
}

void simulation::transfer_leadership() {
  auto* from = leader();
  if (from == nullptr || from->wakes > now_)
    return;
  auto& members = from->member->raft->members().members();
  auto to = members[by_.below(members.size())].id;
  if (to == from->member->id())
    return;
  from->member->raft->transfer(to);
  drive(*from, "transfer to " + std::to_string(to));
}

void simulation::hint() {
  hint_at(victim().member->id());
}

/// As when a process ends: all who talk to it notice, or nearly all.
void simulation::hint_at(member_id whom) {
  for (auto& on : hosts_) {
    if (!on->member->up() || on->wakes > now_ || on->member->id() == whom
        || by_.permille(200))
      continue;
    on->member->raft->suspect(whom);
    drive(*on, "suspects " + std::to_string(whom));
  }
}

void simulation::pause_one() {
  auto& on = victim();
  on.wakes = now_ + while_long();
  if (trace_)
    say(std::to_string(on.member->id()) + " > stands still until "
        + std::to_string(on.wakes));
}

void simulation::sync_one() {
  auto& on = *by_.of(hosts_);
  if (!on.member->up() || on.wakes > now_)
    return;
  on.member->checkpoint();
  drive(on, "checkpoint");
}

void simulation::destroy_one() {
  auto* from = leader();
  if (from == nullptr || !settled(*from))
    return;
  auto& members = from->member->raft->members();
  if (members.voters() < 3)
    return;
  auto& victim =
      find(members.members()[by_.below(members.members().size())].id);
  if (victim.member->up())
    crash(victim);
  victim.gone = true;
  // Long enough for a leader to see that it is missing.
  no_change_before_ = now_ + 4 * with_.set.election_ticks * tick_length;
  if (trace_)
    say(std::to_string(victim.member->id()) + " is gone for ever");
}

} // namespace troupe::raft::sim
