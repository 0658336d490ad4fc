#include "runtime/raft/core.hpp"

#include "runtime/raft/broken.hpp"
#include "runtime/raft/steps.hpp"

#include <algorithm>
#include <utility>

namespace troupe::raft {

const peer* state::find_peer(member_id id) const {
  for (auto& x : peers)
    if (x.id == id)
      return &x;
  return nullptr;
}

peer* state::find_peer(member_id id) {
  return const_cast<peer*>(std::as_const(*this).find_peer(id));
}

core::core(const settings& set, restored from,
           std::function<uint64_t()> entropy)
    : state_(std::make_unique<state>()) {
  auto& st = *state_;
  st.set = set;
  st.entropy = std::move(entropy);
  st.hard = from.hard;
  st.entries = log{std::move(from.start), std::move(from.entries)};
  st.disk = journal{st.entries.last().index};
  if (from.applied < st.entries.start().at.index
      || from.applied > st.entries.last().index)
    throw broken{"the state does not fit the log"};
  if (st.hard.term < st.entries.last().term)
    throw broken{"the term is older than the last entry"};
  st.commit = from.applied;
  st.handed = from.applied;
  st.restarted = st.entries.last().index > 1 || st.hard.voted_for != 0;
  // An answer to a question of an earlier life must not fit one of this.
  st.reads.request = st.entropy();
  restart_timer(st);
  // There is nobody to wait for, nor to disturb.
  if (st.voter() && st.members().voters() == 1)
    raft::campaign(st, election::real);
}

core::core(core&&) noexcept = default;
core& core::operator=(core&&) noexcept = default;
core::~core() = default;

void core::tick() {
  raft::tick(*state_);
}

void core::receive(message x) {
  raft::receive(*state_, x);
}

void core::persisted(uint64_t number) {
  state_->disk.persisted(number);
  state_->disk.release(state_->out.messages);
  if (state_->now == role::leader)
    advance_commit(*state_);
  else if (state_->now == role::candidate)
    count_ballots(*state_);
}

void core::suspect(member_id peer) {
  raft::suspect(*state_, peer);
}

proposal core::propose(std::string data) {
  return propose(std::make_shared<const std::string>(std::move(data)));
}

proposal core::propose(payload data) {
  return raft::propose(*state_, std::move(data));
}

proposal core::change(const membership_change& step) {
  return raft::change(*state_, step);
}

refusal core::transfer(member_id to) {
  return raft::transfer(*state_, to);
}

void core::campaign() {
  auto& st = *state_;
  // A candidate's own vote may be on its way to the disk.
  if (st.now != role::leader && st.now != role::candidate && may_campaign(st))
    raft::campaign(st, election::pre);
}

void core::read(uint64_t token) {
  state_->reads.waiting.push_back({0, token, 0, 0});
}

void core::compact(uint64_t index) {
  raft::compact(*state_, index);
}

bool core::fetched(const snapshot_mark& mark) {
  return raft::fetched(*state_, mark);
}

void core::fetch_failed() {
  state_->fetching.reset();
}

output core::take() {
  auto& st = *state_;
  if (st.now == role::leader) {
    // Whoever is still missing may be no member any more.
    confirm_rounds(st);
    begin_rounds(st);
    replicate(st);
    forget_left_peers(st);
    leave_if_removed(st);
  }
  if (st.now != role::leader)
    ask_leader(st);
  make_room(st);
  st.out.to_write = st.disk.take();
  finish_install(st);
  hand_out(st);
  ask_for_checkpoint(st);
  return std::exchange(st.out, {});
}

status core::now() const {
  auto& st = *state_;
  status result;
  result.now = st.now;
  result.term = st.hard.term;
  result.voted_for = st.hard.voted_for;
  result.leader = st.leader;
  result.start = st.entries.start().at;
  result.last = st.entries.last();
  result.commit = st.commit;
  result.stable = st.disk.stable();
  result.handed = st.handed;
  result.members_since = st.entries.members_since();
  result.transferee = st.transferee;
  // One that is still to be added sees configurations without it, too.
  auto out = st.handed >= result.members_since
             && st.members().find(st.set.self) == nullptr
             && st.entries.members_before()->find(st.set.self) != nullptr;
  result.removed = st.removed || out;
  result.log_bytes = st.entries.bytes();
  result.uncommitted_bytes = st.uncommitted;
  return result;
}

std::vector<peer_status> core::peers() const {
  auto& st = *state_;
  std::vector<peer_status> result;
  for (auto& x : st.peers)
    result.push_back({x.id, x.match, x.now == peer::mode::replicate,
                      x.now == peer::mode::snapshot, st.clock - x.heard});
  return result;
}

const configuration& core::members() const {
  return state_->members();
}

std::optional<uint64_t> core::term_at(uint64_t index) const {
  return state_->entries.term_at(index);
}

snapshot_mark core::mark_at(uint64_t index) const {
  return state_->entries.mark_at(index);
}

} // namespace troupe::raft
