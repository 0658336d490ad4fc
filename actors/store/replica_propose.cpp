#include "actors/store/replica_steps.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <utility>

// From a command to its answer: gathered, placed with the leader, committed,
// applied here.
namespace troupe::replica_steps {

namespace {

constexpr size_t most_commands = 512;
constexpr size_t most_bytes = size_t{1} << 20;
constexpr size_t most_pending = size_t{1} << 16;

void answer(replica_state& st, replica_state::batch& what,
            std::vector<store::answer>& answers) {
  st.pending -= what.waiters.size();
  for (size_t i = 0; i < what.waiters.size(); ++i)
    what.waiters[i](answers.at(i));
}

/// Takes back what no leader has, to be given to the next one. Another number
/// makes it another proposal; who shares the bytes keeps the old one.
void take_back(replica_state& st, replica_state::batch what) {
  if (what.waiters.empty())
    return;
  what.payload = std::make_shared<std::string>(*what.payload);
  st.unplaced.push_front(std::move(what));
}

void forward(pointer self, const member_actor& leader, uint64_t term,
             const std::string& payload) {
  raft_api::Proposal proposal;
  proposal.set_term(term);
  proposal.set_payload(payload);
  self->send(leader, pb<raft_api::Proposal>{std::move(proposal)});
}

/// Gives the leader one batch. Returns whether it was given.
bool place(pointer self, replica_state::batch& what) {
  auto& st = self->state;
  auto is = st.raft->now();
  auto leads = is.now == raft::role::leader;
  auto leader = leads ? member_actor{} : leader_of(st);
  if (!leads && (!leader || st.pausing))
    return false;
  auto number = ++st.last_number;
  store::set_origin(*what.payload, {st.life, number});
  if (leads && !st.raft->propose(what.payload))
    return false;
  if (!leads)
    forward(self, leader, is.term, *what.payload);
  st.placed[number] = {std::move(what), is.term, !leads};
  return true;
}

} // namespace

bool has_room(const replica_state& state) {
  return state.pending < most_pending;
}

std::string& room(replica_state& state) {
  auto& payload = state.gathering.payload;
  if (!payload) {
    payload = std::make_shared<std::string>();
    store::set_origin(*payload, {});
  }
  return *payload;
}

void gather(pointer self, replica_state::waiter waiter) {
  auto& st = self->state;
  auto& batch = st.gathering;
  if (batch.waiters.empty())
    batch.since = self->clock().now();
  batch.waiters.push_back(std::move(waiter));
  ++st.pending;
  if (batch.waiters.size() >= most_commands
      || batch.payload->size() >= most_bytes) {
    flush(self);
    return;
  }
  // Comes behind every proposal that is in the mailbox now, so that all of
  // them share one entry.
  if (!std::exchange(st.flushing, true))
    self->send(self, pb<system::Tick>{});
}

void flush(pointer self) {
  auto& st = self->state;
  if (st.now != replica_state::phase::ready || st.gathering.waiters.empty())
    return;
  st.unplaced.push_back(std::exchange(st.gathering, {}));
  advance(self);
}

void place(pointer self) {
  auto& unplaced = self->state.unplaced;
  while (!unplaced.empty() && place(self, unplaced.front()))
    unplaced.pop_front();
}

// What a follower forwards bears the term of its leader, and is for that one
// alone. So whatever became of it, it is in the log of that term or in none,
// and may be proposed again in a later one without being done twice.
void on_proposal(pointer self, const raft_api::Proposal& what) {
  auto& st = self->state;
  auto from = store::origin_of(what.payload());
  if (!st.raft || !from)
    return;
  auto is = st.raft->now();
  // Who leads no more may have taken it while it did: whose it is will see.
  if (is.now != raft::role::leader || is.term != what.term())
    return;
  if (std::exchange(st.taken_term, is.term) != is.term)
    st.taken.clear();
  // It came already, on a connection that broke behind it.
  if (from->number <= st.taken[from->life])
    return;
  // Once refused it is never taken, should it come again.
  st.taken[from->life] = from->number;
  if (st.raft->propose(what.payload())) {
    advance(self);
    return;
  }
  raft_api::Refused refused;
  refused.set_number(from->number);
  self->send(caf::actor_cast<member_actor>(self->current_sender()),
             pb<raft_api::Refused>{std::move(refused)});
}

void on_refused(pointer self, const raft_api::Refused& what) {
  auto& st = self->state;
  auto i = st.placed.find(what.number());
  if (i == st.placed.end())
    return;
  take_back(st, std::move(i->second.what));
  st.placed.erase(i);
  st.pausing = true;
  st.paused_by = st.raft ? st.raft->now().leader : 0;
}

void settle(pointer self, applied_entries& done) {
  auto& st = self->state;
  for (auto& x : done.entries) {
    if (x.at.term > st.applied_term) {
      st.applied_term = x.at.term;
      // In the order of their numbers: the last is put in front first.
      for (auto i = st.placed.end(); i != st.placed.begin();) {
        --i;
        if (i->second.term >= x.at.term)
          continue;
        take_back(st, std::move(i->second.what));
        i = st.placed.erase(i);
      }
    }
    if (!x.origin || x.origin->life != st.life)
      continue;
    auto i = st.placed.find(x.origin->number);
    if (i == st.placed.end())
      continue;
    auto what = std::move(i->second.what);
    st.placed.erase(i);
    if (!what.waiters.empty())
      answer(st, what, x.answers);
  }
}

void forward_again(pointer self, raft::member_id leader) {
  auto& st = self->state;
  auto is = st.raft->now();
  if (is.leader != leader)
    return;
  for (auto& [number, x] : st.placed)
    if (x.forwarded && x.term == is.term)
      forward(self, st.peers[leader].handle, is.term, *x.what.payload);
}

void abandon_placed(pointer self, const caf::error& why) {
  auto& st = self->state;
  store::answer open{why};
  for (auto& [number, x] : std::exchange(st.placed, {})) {
    st.pending -= x.what.waiters.size();
    for (auto& waiter : x.what.waiters)
      waiter(open);
  }
}

} // namespace troupe::replica_steps
