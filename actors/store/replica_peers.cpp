#include "actors/store/replica_steps.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"
#include "runtime/store/wire.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

// The other members: where they are, what is said to them.
namespace troupe::replica_steps {

namespace {

/// Between attempts to find somebody, longer after each.
constexpr std::chrono::milliseconds shortest_pause{50};
constexpr std::chrono::milliseconds longest_pause{250};

void met(pointer self, raft::member_id id, const member_actor& who) {
  auto& st = self->state;
  st.peers[id].handle = who;
  st.peers[id].failures = 0;
  st.peers[id].seek_again = {};
  self->monitor(who);
  forward_again(self, id);
}

void on_found(pointer self, raft::member_id id, const member_actor& who) {
  auto& st = self->state;
  auto i = st.peers.find(id);
  if (i == st.peers.end())
    return;
  i->second.seeking = false;
  if (!st.raft)
    return;
  if (!i->second.handle)
    met(self, id, who);
  stand_as_founder(self);
  ask_leader_again(self);
  advance(self);
}

void on_not_found(pointer self, raft::member_id id) {
  auto i = self->state.peers.find(id);
  if (i == self->state.peers.end())
    return;
  auto& whom = i->second;
  auto pause = shortest_pause;
  for (size_t n = 0; n < whom.failures && pause < longest_pause; ++n)
    pause *= 2;
  ++whom.failures;
  whom.seek_again = self->clock().now() + std::min(pause, longest_pause);
  whom.seeking = false;
}

void seek(pointer self, raft::member_id id, replica_state::peer& whom) {
  if (whom.seeking || whom.handle || whom.address.empty()
      || self->clock().now() < whom.seek_again)
    return;
  whom.seeking = true;
  raft_api::FindMember request;
  request.set_id(id);
  request.set_address(whom.address);
  self->request(self->state.finder, caf::infinite,
                pb<raft_api::FindMember>{std::move(request)})
      .then([self, id](const member_actor& who) { on_found(self, id, who); },
            // A later beat seeks again.
            [self, id](const caf::error&) { on_not_found(self, id); });
}

} // namespace

void stand_as_founder(pointer self) {
  auto& st = self->state;
  auto is = st.raft->now();
  auto& members = st.raft->members().members();
  if (is.last == raft::position{1, 1} && is.leader == 0 && !members.empty()
      && members.front().id == st.limits.self)
    st.raft->campaign();
}

void tell_members(pointer self) {
  auto& st = self->state;
  store_api::MemberResponse now;
  now.set_id(st.limits.self);
  for (auto& x : st.raft->members().members())
    *now.add_members() = describe(x);
  // Of one that is new and has not heard yet who takes part, nothing follows.
  if (st.finder && now.members_size() > 0)
    self->send(st.finder, pb<store_api::MemberResponse>{std::move(now)});
}

void tell_removed(pointer self) {
  auto& st = self->state;
  store_api::MemberResponse nobody;
  nobody.set_id(st.limits.self);
  if (st.finder)
    self->send(st.finder, pb<store_api::MemberResponse>{std::move(nobody)});
}

void match_peers(pointer self) {
  auto& st = self->state;
  auto since = st.raft->now().members_since;
  if (!st.finder || st.members_since == since)
    return;
  st.members_since = since;
  auto& members = st.raft->members();
  if (!members.empty())
    std::erase_if(st.peers, [&](const auto& x) {
      return members.find(x.first) == nullptr;
    });
  for (auto& x : members.members()) {
    if (x.id == st.limits.self)
      continue;
    auto& known = st.peers[x.id];
    if (known.address != x.address)
      known.handle = nullptr;
    known.address = x.address;
  }
  tell_members(self);
  seek_peers(self);
}

void seek_peers(pointer self) {
  if (self->state.finder)
    for (auto& [id, whom] : self->state.peers)
      seek(self, id, whom);
}

void send_out(pointer self, const std::vector<raft::message>& messages) {
  auto& peers = self->state.peers;
  for (auto& x : messages) {
    auto i = peers.find(x.to);
    if (i == peers.end() || !i->second.handle)
      continue;
    auto wire = store::to_wire(x);
    wire.set_group(self->state.store_group);
    self->send(i->second.handle, pb<raft_api::Message>{std::move(wire)});
  }
}

void greet(pointer self, raft::member_id from) {
  auto& st = self->state;
  // Who was only just added is spoken to by some it has never heard of.
  if (from == 0 || st.peers[from].handle)
    return;
  met(self, from, caf::actor_cast<member_actor>(self->current_sender()));
}

void on_peer_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  st.requests.on_down(down);
  for (auto& [id, whom] : st.peers) {
    if (!whom.handle || whom.handle.address() != down.source)
      continue;
    whom.handle = nullptr;
    if (st.raft) {
      st.raft->suspect(id);
      seek_peers(self);
      advance(self);
    }
    return;
  }
}

member_actor leader_of(const replica_state& state) {
  if (!state.raft)
    return {};
  auto i = state.peers.find(state.raft->now().leader);
  return i == state.peers.end() ? member_actor{} : i->second.handle;
}

} // namespace troupe::replica_steps
