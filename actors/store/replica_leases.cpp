#include "actors/store/replica_steps.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <utility>

// The leader alone keeps the time of leases, and decides what is compacted.
namespace troupe::replica_steps {

namespace {

using namespace store_api;

bool leads(const replica_state& st) {
  return st.raft && st.raft->now().now == raft::role::leader;
}

caf::error no_leader() {
  return make_error(ec::service_unavailable,
                    "the store's leader is about to be another");
}

void tell(pointer self, const store::lease_change& change) {
  auto& to = self->state.parts.leases;
  if (change.ended) {
    LeaseRevokeRequest gone;
    gone.set_id(change.lease.id);
    self->send(to, pb<LeaseRevokeRequest>{std::move(gone)});
    return;
  }
  LeaseResponse granted;
  granted.set_id(change.lease.id);
  granted.set_ttl_seconds(change.lease.ttl_seconds);
  granted.set_remaining_seconds(change.lease.remaining_seconds);
  self->send(to, pb<LeaseResponse>{std::move(granted)});
}

void preside(pointer self, const pb<LeaseList>& list) {
  auto& st = self->state;
  st.listing = false;
  if (!leads(st)) {
    st.lease_changes.clear();
    return;
  }
  st.presiding = true;
  auto us = caf::actor_cast<proposer_actor>(self);
  auto all = *list;
  all.set_term(st.raft->now().term);
  self->send(st.parts.leases, pb<LeaseList>{std::move(all)}, us);
  self->send(st.parts.compactor, us);
  // They may be in the list or not; told twice, they are the same.
  for (auto& change : std::exchange(st.lease_changes, {}))
    tell(self, change);
  ask_leader_again(self);
}

void step_down(pointer self) {
  auto& st = self->state;
  st.presiding = false;
  self->send(st.parts.leases, pb<LeaseList>{}, proposer_actor{});
  self->send(st.parts.compactor, proposer_actor{});
}

/// Our own leases know the answer, if we lead still when they are asked.
void answer_ourselves(pointer self, const raft_api::LeaseQuestion& question,
                      caf::typed_response_promise<pb<LeaseResponse>> promise) {
  auto use = [self, question, promise]() mutable {
    auto& st = self->state;
    if (!st.presiding) {
      promise.deliver(no_leader());
    } else if (question.renew()) {
      LeaseKeepAliveRequest request;
      request.set_id(question.id());
      promise.delegate(st.parts.leases, pb<LeaseKeepAliveRequest>{request});
    } else {
      LeaseTimeToLiveRequest request;
      request.set_id(question.id());
      request.set_want_keys(question.want_keys());
      promise.delegate(st.parts.leases, pb<LeaseTimeToLiveRequest>{request});
    }
  };
  // A leader that was away must find out before it renews what has ended.
  once_current(self, use, [promise](const caf::error& err) mutable {
    promise.deliver(err);
  });
}

/// Tries to bring a question to the leader. Returns whether it did.
bool try_ask(pointer self, const raft_api::LeaseQuestion& question,
             caf::typed_response_promise<pb<LeaseResponse>> promise) {
  auto& st = self->state;
  if (st.presiding) {
    answer_ourselves(self, question, promise);
    return true;
  }
  auto leader = leader_of(st);
  if (!leader)
    return false;
  st.requests.ask<pb<LeaseResponse>>(
      leader,
      [promise](const pb<LeaseResponse>& x) mutable { promise.deliver(x); },
      [promise](const caf::error& err) mutable { promise.deliver(err); },
      pb<raft_api::LeaseQuestion>{question});
  return true;
}

} // namespace

void follow_leadership(pointer self) {
  auto& st = self->state;
  auto is = st.raft->now();
  auto leading = is.now == raft::role::leader;
  if (st.presiding && !leading)
    step_down(self);
  // Once an entry of its own term is applied, so is everything before it.
  if (!leading || st.presiding || st.listing || st.applied_term != is.term)
    return;
  st.listing = true;
  self->request(st.parts.readers.front(), caf::infinite, pb<ListLeases>{})
      .then([self](const pb<LeaseList>& list) { preside(self, list); },
            [self](const caf::error& err) { on_state_failure(self, err); });
}

void on_lease_changes(pointer self,
                      const std::vector<store::lease_change>& changes) {
  auto& st = self->state;
  for (auto& change : changes) {
    if (st.presiding)
      tell(self, change);
    else if (st.listing)
      st.lease_changes.push_back(change);
  }
}

caf::result<pb<LeaseResponse>>
ask_about_lease(pointer self, const raft_api::LeaseQuestion& question) {
  auto& st = self->state;
  if (st.now == replica_state::phase::refusing)
    return st.fault;
  auto promise = self->make_response_promise<pb<LeaseResponse>>();
  auto failed = [promise](const caf::error& err) mutable {
    promise.deliver(err);
  };
  if (!try_ask(self, question, promise))
    st.when_leading.push_back({[self, question, promise, failed]() mutable {
                                 if (!try_ask(self, question, promise))
                                   failed(no_leader());
                               },
                               failed, self->clock().now()});
  return promise;
}

caf::result<pb<LeaseResponse>>
on_lease_question(pointer self, const raft_api::LeaseQuestion& question) {
  if (!self->state.presiding)
    return no_leader();
  auto promise = self->make_response_promise<pb<LeaseResponse>>();
  answer_ourselves(self, question, promise);
  return promise;
}

void ask_leader_again(pointer self) {
  auto& st = self->state;
  if (!st.presiding && !leader_of(st))
    return;
  for (auto& question : std::exchange(st.when_leading, {}))
    question.use();
}

} // namespace troupe::replica_steps
