#include "tests/runtime/raft/simulation.hpp"
#include "tests/runtime/raft/trace.hpp"

#include <algorithm>

// Members come and go.
namespace troupe::raft::sim {

namespace {

using step = membership_change::step;

constexpr size_t most_at_a_time = 7;

} // namespace

void simulation::change_members() {
  auto* on = some_leader();
  if (on == nullptr || on->wakes > now_ || now_ < no_change_before_)
    return;
  auto& members = on->member->raft->members().members();
  membership_change wish;
  auto& one = members[by_.below(members.size())];
  auto lost = std::find_if(members.begin(), members.end(),
                           [&](auto& x) { return find(x.id).gone; });
  if (lost != members.end())
    wish = {step::remove, lost->id, {}};
  else if (by_.below(2) == 0 && members.size() < most_at_a_time
           && hosts_.size() < most_members)
    wish = {step::add, hosts_.size() + 1, "new"};
  else if (!one.voter)
    wish = {by_.below(4) == 0 ? step::remove : step::promote, one.id, {}};
  else if (by_.below(4) == 0)
    wish = {step::readdress, one.id, "moved"};
  else
    wish = {by_.below(3) == 0 ? step::demote : step::remove, one.id, {}};
  change(*on, wish);
}

bool simulation::change(host& on, const membership_change& wish) {
  constexpr const char* names[] = {"add", "promote", "demote", "remove",
                                   "readdress"};
  auto text = std::string{names[static_cast<size_t>(wish.what)]} + " "
              + std::to_string(wish.id);
  auto taken = on.member->raft->change(wish);
  if (trace_)
    say(std::to_string(on.member->id()) + " > " + text + " / "
        + show(taken.why));
  if (!taken)
    return false;
  ++tally_.changes;
  // It knows nothing, not even of the group.
  if (wish.what == step::add && wish.id > hosts_.size())
    start(add_host({}));
  drive(on, text);
  return true;
}

bool simulation::settled(const host& leader) const {
  auto& core = *leader.member->raft;
  auto is = core.now();
  if (is.members_since > is.commit || core.term_at(is.commit) != is.term)
    return false;
  for (auto& x : core.members().members()) {
    auto& other = *hosts_[x.id - 1];
    if (other.gone)
      return false;
    if (other.member->up() && other.member->raft->members() != core.members())
      return false;
  }
  return true;
}

void simulation::retire() {
  for (auto& x : hosts_) {
    auto id = x->member->id();
    auto wanted = checks_.members()->find(id) != nullptr;
    for (auto& other : hosts_)
      wanted = wanted
               || (other->member->up() && other.get() != x.get()
                   && other->member->raft->members().find(id) != nullptr);
    // One that was removed may go on for a while and be a nuisance.
    if (wanted || x->gone || by_.below(10) != 0)
      continue;
    if (x->member->up())
      crash(*x);
    x->gone = true;
  }
}

} // namespace troupe::raft::sim
