#include "actors/store/replica_steps.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"
#include "runtime/system/member_address.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

// Who takes part. The leader decides; whoever was asked brings it the wish.
namespace troupe::replica_steps {

namespace {

using namespace store_api;
using raft_api::MemberQuestion;

/// From one request for a vote to the next.
constexpr auto vote_pause = std::chrono::milliseconds(250);

std::string name(raft::member_id id) {
  return "member " + std::to_string(id);
}

void fail(const wish_handle& wish, const caf::error& why) {
  if (!std::exchange(wish->answered, true))
    wish->promise.deliver(why);
}

void succeed(pointer self, const wish_handle& wish, raft::member_id id) {
  if (std::exchange(wish->answered, true))
    return;
  MemberResponse result;
  result.set_id(id);
  for (auto& x : self->state.raft->members().members())
    *result.add_members() = describe(x);
  wish->promise.deliver(pb<MemberResponse>{std::move(result)});
}

bool leads(const replica_state& st) {
  return st.raft && st.raft->now().now == raft::role::leader;
}

/// What to say to a wish that the core refuses; no error if it is to be tried
/// again.
caf::error refused(raft::refusal why, const MemberQuestion& what) {
  auto who = name(what.id());
  switch (why) {
    case raft::refusal::not_caught_up:
      return make_error(ec::conflict, who
                                          + " is still behind: it becomes a "
                                            "voter once it has caught up");
    case raft::refusal::would_lose_quorum:
      return make_error(ec::conflict, "too few of the voters that would be "
                                      "left answer");
    case raft::refusal::no_such_change:
      return make_error(ec::conflict, who + " is the last voter, or none");
    default:
      return caf::none;
  }
}

// -- as the leader ------------------------------------------------------------

/// Turns a wish into a step. An error is the answer; otherwise, unless the wish
/// is answered, the step may be taken.
caf::error plan(pointer self, const wish_handle& wish,
                raft::membership_change& step) {
  auto& st = self->state;
  auto& members = st.raft->members();
  auto& what = wish->what;
  step.id = what.id();
  if (what.step() == MemberQuestion::ADD) {
    if (what.address().empty())
      return make_error(ec::bad_request, "address: must not be empty");
    step.id = st.group.last_member + 1;
    for (auto& x : members.members()) {
      step.id = std::max(step.id, x.id + 1);
      // Wherever it is.
      if (member_store(x.address) == member_store(what.address()))
        return make_error(ec::already_exists,
                          name(x.id) + " has the address " + x.address
                              + ": if it has lost its disk, remove it first");
    }
    step.what = raft::membership_change::step::add;
    step.address = what.address();
    return caf::none;
  }
  if (members.find(step.id) == nullptr)
    return make_error(ec::not_found, "there is no " + name(step.id));
  if (what.step() == MemberQuestion::REMOVE) {
    step.what = raft::membership_change::step::remove;
  } else {
    step.what = raft::membership_change::step::promote;
    if (members.has_voter(step.id))
      succeed(self, wish, step.id);
  }
  return caf::none;
}

/// Returns whether nothing is left to be tried.
bool change(pointer self, const wish_handle& wish) {
  auto& st = self->state;
  // The greatest id that ever was is known once all changes are applied.
  if (st.applied < st.raft->now().members_since)
    return false;
  raft::membership_change step;
  if (auto err = plan(self, wish, step)) {
    fail(wish, err);
    return true;
  }
  if (wish->answered)
    return true;
  auto taken = st.raft->change(step);
  if (taken) {
    wish->at = taken.at;
    wish->id = step.id;
    st.group.changing.push_back(wish);
    return true;
  }
  auto err = refused(taken.why, wish->what);
  if (err)
    fail(wish, err);
  return wish->answered;
}

/// The voter that lacks least of the log.
raft::member_id furthest(const replica_state& st) {
  raft::member_id result = 0;
  uint64_t match = 0;
  for (auto& x : st.raft->peers())
    if (st.raft->members().has_voter(x.id)
        && x.silent < st.limits.election_ticks
        && (result == 0 || x.match > match)) {
      result = x.id;
      match = x.match;
    }
  return result;
}

bool hand_over(pointer self, const wish_handle& wish) {
  auto& st = self->state;
  auto to = wish->what.id() != 0 ? wish->what.id() : furthest(st);
  if (to == st.limits.self) {
    succeed(self, wish, to);
    return true;
  }
  if (to == 0 || !st.raft->members().has_voter(to)) {
    fail(wish, to == 0 ? make_error(ec::conflict, "no other voter answers")
                       : make_error(ec::not_found,
                                    name(to) + " is no voter of this group"));
    return true;
  }
  if (st.group.moving || st.raft->transfer(to) != raft::refusal::none)
    return false;
  wish->id = to;
  st.group.moving = wish;
  return true;
}

bool decide(pointer self, const wish_handle& wish) {
  return wish->what.step() == MemberQuestion::LEAD ? hand_over(self, wish)
                                                   : change(self, wish);
}

// -- as any member ------------------------------------------------------------

void forward(pointer self, const member_actor& leader,
             const wish_handle& wish) {
  auto& st = self->state;
  st.group.forwarded.push_back(wish);
  st.requests.ask<pb<MemberResponse>>(
      leader,
      [wish](const pb<MemberResponse>& x) {
        if (!std::exchange(wish->answered, true))
          wish->promise.deliver(x);
      },
      [wish](const caf::error& err) { fail(wish, err); },
      pb<MemberQuestion>{wish->what});
}

/// Does it, or brings it to the leader. Returns whether that was possible.
bool bring(pointer self, const wish_handle& wish) {
  auto& st = self->state;
  if (wish->answered)
    return true;
  if (leads(st))
    return decide(self, wish);
  auto leader = leader_of(st);
  if (!leader)
    return false;
  forward(self, leader, wish);
  return true;
}

caf::result<pb<MemberResponse>> take(pointer self, MemberQuestion question) {
  auto& st = self->state;
  if (st.now == replica_state::phase::refusing)
    return st.fault;
  auto wish = std::make_shared<member_wish>();
  wish->what = std::move(question);
  wish->promise = self->make_response_promise<pb<MemberResponse>>();
  wish->since = self->clock().now();
  if (st.now != replica_state::phase::ready || !bring(self, wish))
    st.group.waiting.push_back(wish);
  advance(self);
  return wish->promise;
}

void forget_answered(std::vector<wish_handle>& from) {
  std::erase_if(from, [](auto& x) { return x->answered; });
}

} // namespace

Member describe(const raft::member& x) {
  Member result;
  result.set_id(x.id);
  result.set_voter(x.voter);
  result.set_address(x.address);
  return result;
}

caf::result<pb<MemberResponse>> ask_about_member(pointer self,
                                                 MemberQuestion question) {
  return take(self, std::move(question));
}

caf::result<pb<MemberResponse>>
on_member_question(pointer self, const MemberQuestion& question) {
  // Passed on once only: else two that take each other for the leader would
  // never end.
  if (!leads(self->state))
    return make_error(ec::service_unavailable,
                      "the store's leader is about to be another");
  return take(self, question);
}

void retry_wishes(pointer self) {
  auto& waiting = self->state.group.waiting;
  if (waiting.empty())
    return;
  for (auto& wish : std::exchange(waiting, {}))
    if (!bring(self, wish))
      waiting.push_back(wish);
}

void settle_wishes(pointer self, const applied_entries& done) {
  auto& changing = self->state.group.changing;
  if (changing.empty())
    return;
  for (auto& x : done.entries)
    for (auto& wish : changing) {
      if (wish->at.index != x.at.index)
        continue;
      if (wish->at == x.at)
        succeed(self, wish, wish->id);
      else
        fail(wish, make_error(ec::service_unavailable,
                              "the leader went down before the change was "
                              "made"));
    }
  forget_answered(changing);
}

void follow_transfer(pointer self) {
  auto& st = self->state;
  auto is = st.raft->now();
  if (st.pausing && is.leader != 0 && is.leader != st.paused_by)
    st.pausing = false;
  auto& moving = st.group.moving;
  if (!moving)
    return;
  auto leading = is.now == raft::role::leader;
  if (leading && is.transferee != 0)
    return;
  if (leading || (is.leader != 0 && is.leader != moving->id))
    fail(moving,
         make_error(ec::conflict, name(moving->id) + " has not taken over"));
  else if (is.leader == moving->id)
    succeed(self, moving, moving->id);
  if (moving->answered)
    moving = nullptr;
}

void seek_vote(pointer self) {
  auto& st = self->state;
  auto* we = st.raft->members().find(st.limits.self);
  auto leader = leader_of(st);
  auto now = self->clock().now();
  if (!st.group.wants_vote || we == nullptr || we->voter || !leader
      || now < st.group.vote_wanted + vote_pause)
    return;
  st.group.vote_wanted = now;
  MemberQuestion question;
  question.set_step(MemberQuestion::PROMOTE);
  question.set_id(st.limits.self);
  st.requests.ask<pb<MemberResponse>>(
      leader, [](const pb<MemberResponse>&) {}, [](const caf::error&) {},
      pb<MemberQuestion>{std::move(question)});
}

void leave_if_removed(pointer self) {
  auto& st = self->state;
  auto is = st.raft->now();
  // What is handed out is applied first: somebody waits for the answer.
  if (!is.removed || st.applied < is.handed)
    return;
  stop_for_good(self, {false, name(st.limits.self)
                                  + " was removed from the store's group. "
                                    "Ask another one; to take part again, "
                                    "empty its folder and add it anew"});
  tell_removed(self);
}

void expire_wishes(pointer self, replica_state::time begin) {
  auto& group = self->state.group;
  auto late = make_error(ec::timeout, "no leader has answered: it is not known "
                                      "whether the change was made");
  for (auto* list : {&group.waiting, &group.forwarded, &group.changing}) {
    for (auto& wish : *list)
      if (wish->since <= begin)
        fail(wish, late);
    forget_answered(*list);
  }
}

void fail_wishes(pointer self, const caf::error& why) {
  auto& group = self->state.group;
  for (auto* list : {&group.waiting, &group.forwarded, &group.changing})
    for (auto& wish : std::exchange(*list, {}))
      fail(wish, why);
  if (auto moving = std::exchange(group.moving, nullptr))
    fail(moving, why);
}

} // namespace troupe::replica_steps
