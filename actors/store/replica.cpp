#include "actors/store/replica.hpp"

#include "actors/store/replica_steps.hpp"
#include "actors/system/describing.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <utility>

namespace troupe {

namespace {

using namespace store_api;
using namespace replica_steps;
using raft_api::MemberQuestion;
using phase = replica_state::phase;

template <class Response>
using promise_of = caf::typed_response_promise<pb<Response>>;

/// How many requests may wait for the store to open.
constexpr size_t most_early = 10'000;

// -- what passes through the log ----------------------------------------------

template <class Response>
void deliver(promise_of<Response>& promise, store::answer& answer) {
  if (auto* response = std::get_if<Response>(&answer))
    promise.deliver(pb<Response>{std::move(*response)});
  else if (auto* err = std::get_if<caf::error>(&answer))
    promise.deliver(*err);
  else
    promise.deliver(
        make_error(ec::internal_error, "an answer of another kind"));
}

/// Gathers a command.
template <class Response, class Request>
caf::result<pb<Response>> command(pointer self, const Request& request) {
  auto& st = self->state;
  if (st.now == phase::refusing)
    return st.fault;
  if (!has_room(st))
    return make_error(ec::too_many_requests,
                      "too many changes wait to be written");
  auto promise = self->make_response_promise<pb<Response>>();
  store::append(room(st), request);
  gather(self, [promise](store::answer& answer) mutable {
    deliver<Response>(promise, answer);
  });
  return promise;
}

caf::result<pb<TxnResponse>> on_txn(pointer self, const TxnRequest& request) {
  if (auto err = store::check(request))
    return err;
  // Once more where it is applied; this saves the log from what is in vain.
  auto& alarms = self->state.group.alarms;
  if (store::no_space(alarms) && store::grows(request))
    return store::make_no_space(alarms);
  return command<TxnResponse>(self, request);
}

caf::result<pb<LeaseResponse>> on_grant(pointer self,
                                        const LeaseGrantRequest& request) {
  if (auto err = store::check(request))
    return err;
  return command<LeaseResponse>(self, request);
}

// -- what others answer -------------------------------------------------------

caf::result<pb<RangeResponse>> on_range(pointer self,
                                        const pb<RangeRequest>& request) {
  if (auto err = store::check(*request))
    return err;
  auto promise = self->make_response_promise<pb<RangeResponse>>();
  auto read = [=]() mutable {
    auto& st = self->state;
    promise.delegate(st.parts.readers[st.turn++ % st.parts.readers.size()],
                     request);
  };
  auto failed = [=](const caf::error& err) mutable { promise.deliver(err); };
  // What was at a revision that is here already does not change any more.
  auto revision = request->revision();
  if (revision != 0 && revision <= self->state.revision)
    once_open(self, read, failed);
  else
    once_readable(self, read, failed);
  return promise;
}

caf::result<pb<LeaseResponse>>
on_keep_alive(pointer self, const LeaseKeepAliveRequest& request) {
  raft_api::LeaseQuestion question;
  question.set_id(request.id());
  question.set_renew(true);
  return ask_about_lease(self, question);
}

caf::result<pb<LeaseResponse>>
on_time_to_live(pointer self, const LeaseTimeToLiveRequest& request) {
  raft_api::LeaseQuestion question;
  question.set_id(request.id());
  question.set_want_keys(request.want_keys());
  return ask_about_lease(self, question);
}

/// Passes what has no answer on to the hub; a store that refuses tells the
/// watcher in its stream.
template <class Request>
void to_hub(pointer self, const pb<Request>& request,
            const store_watcher_actor& watcher, bool current) {
  auto use = [=] { self->send(self->state.parts.hub, request, watcher); };
  auto failed = [=](const caf::error& err) {
    WatchBatch batch;
    batch.set_id(request->id());
    batch.set_number(1);
    batch.set_error(message_of(err));
    self->send(watcher, pb<WatchBatch>{std::move(batch)});
  };
  if (current)
    once_readable(self, use, failed);
  else
    once_open(self, use, failed);
}

// -- the group ----------------------------------------------------------------

caf::result<pb<MemberResponse>> wish(pointer self, MemberQuestion::Step step,
                                     raft::member_id id,
                                     const std::string& address = {}) {
  MemberQuestion question;
  question.set_step(step);
  question.set_id(id);
  question.set_address(address);
  return ask_about_member(self, std::move(question));
}

void on_save(pointer self, const pb<SnapshotRequest>& request,
             const snapshot_receiver_actor& receiver) {
  once_readable(
      self, [=] { self->send(self->state.parts.snapshots, request, receiver); },
      [=](const caf::error& err) {
        SnapshotPart part;
        part.set_id(request->id());
        part.set_number(1);
        part.set_error(message_of(err));
        self->send(receiver, pb<SnapshotPart>{std::move(part)});
      });
}

caf::result<pb<raft_api::SnapshotOpened>>
on_open_snapshot(pointer self, const pb<raft_api::OpenSnapshot>& request) {
  auto& st = self->state;
  // What must not be served must not be passed on.
  if (st.now == phase::refusing)
    return st.fault;
  return self->delegate(st.parts.snapshots, request);
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  if (st.raft) {
    auto is = st.raft->now();
    result.add_facts("term=" + std::to_string(is.term));
    result.add_facts("leader=" + std::to_string(is.leader));
    result.add_facts("commit=" + std::to_string(is.commit));
  }
  result.add_facts("revision=" + std::to_string(st.revision));
  if (st.now == phase::opening)
    result.add_facts("opening");
  if (st.fault)
    result.add_facts("refuses=" + message_of(st.fault));
  else if (store::no_space(st.group.alarms))
    result.add_facts("full=the state has reached its quota");
  return result;
}

void on_tick(pointer self, uint64_t failed_opening) {
  auto& st = self->state;
  if (st.now == phase::refusing) {
    // For a reason that may have passed; others stay, whatever is under way.
    if (failed_opening != st.openings)
      return;
    st.now = phase::opening;
    st.fault = caf::none;
    open(self);
    return;
  }
  st.flushing = false;
  flush(self);
}

void watch_parts(pointer self) {
  auto& parts = self->state.parts;
  self->monitor(parts.log);
  self->monitor(parts.apply);
  for (auto& reader : parts.readers)
    self->monitor(reader);
  self->monitor(parts.scrubber);
  self->monitor(parts.hub);
  self->monitor(parts.leases);
  self->monitor(parts.compactor);
  self->monitor(parts.snapshots);
  self->monitor(parts.fetcher);
  if (self->state.finder)
    self->monitor(self->state.finder);
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& parts = self->state.parts;
  auto is = [&](const auto& part) {
    return part && part.address() == down.source;
  };
  if (is(parts.log) || is(parts.apply) || is(parts.scrubber) || is(parts.hub)
      || is(parts.leases) || is(parts.compactor) || is(parts.snapshots)
      || is(parts.fetcher) || is(self->state.finder)
      || std::any_of(parts.readers.begin(), parts.readers.end(), is))
    give_up(self, down.reason);
  else
    on_peer_down(self, down);
}

} // namespace

namespace replica_steps {

void once_open(pointer self, std::function<void()> use,
               std::function<void(const caf::error&)> failed) {
  auto& st = self->state;
  switch (st.now) {
    case phase::ready:
      use();
      return;
    case phase::refusing:
      failed(st.fault);
      return;
    case phase::opening:
      if (st.when_open.size() >= most_early)
        failed(make_error(ec::too_many_requests, "the store is opening"));
      else
        st.when_open.push_back({std::move(use), std::move(failed), {}});
  }
}

void once_readable(pointer self, std::function<void()> use,
                   std::function<void(const caf::error&)> failed) {
  once_open(
      self, [=] { once_current(self, use, failed); }, failed);
}

} // namespace replica_steps

replica_actor::behavior_type replica(pointer self, replica_setup setup) {
  auto& st = self->state;
  st.parts = std::move(setup.parts);
  st.limits = setup.limits;
  st.entropy = std::move(setup.entropy);
  st.finder = std::move(setup.finder);
  st.requests = calls{self};
  st.group.wants_vote = setup.wants_vote;
  st.group.quota = setup.quota_bytes;
  watch_parts(self);
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  open(self);
  return {
      [self](const pb<RangeRequest>& x) { return on_range(self, x); },
      [self](const pb<TxnRequest>& x) { return on_txn(self, *x); },
      [self](const pb<WatchRequest>& x, const store_watcher_actor& watcher) {
        to_hub(self, x, watcher, x->from_revision() == 0);
      },
      [self](const pb<WatchCredit>& x, const store_watcher_actor& watcher) {
        self->send(self->state.parts.hub, x, watcher);
      },
      [self](const pb<WatchCancel>& x, const store_watcher_actor& watcher) {
        self->send(self->state.parts.hub, x, watcher);
      },
      [self](const pb<WatchProgress>& x, const store_watcher_actor& watcher) {
        to_hub(self, x, watcher, true);
      },
      [self](const pb<LeaseGrantRequest>& x) { return on_grant(self, *x); },
      [self](const pb<LeaseRevokeRequest>& x) {
        return command<LeaseResponse>(self, *x);
      },
      [self](const pb<LeaseKeepAliveRequest>& x) {
        return on_keep_alive(self, *x);
      },
      [self](const pb<LeaseTimeToLiveRequest>& x) {
        return on_time_to_live(self, *x);
      },
      [self](const pb<CompactRequest>& x) {
        return command<CompactResponse>(self, *x);
      },
      [self](const pb<StatusRequest>& x) { return on_status(self, *x); },
      [self](const pb<MemberAddRequest>& x) {
        return wish(self, MemberQuestion::ADD, 0, x->address());
      },
      [self](const pb<MemberPromoteRequest>& x) {
        return wish(self, MemberQuestion::PROMOTE, x->id());
      },
      [self](const pb<MemberRemoveRequest>& x) {
        return wish(self, MemberQuestion::REMOVE, x->id());
      },
      [self](const pb<MoveLeaderRequest>& x) {
        return wish(self, MemberQuestion::LEAD, x->id());
      },
      [self](const pb<HashRequest>& x) { return on_hash_request(self, *x); },
      [self](const pb<AlarmListRequest>&) { return on_alarm_list(self); },
      [self](const pb<AlarmDisarmRequest>& x) {
        return on_alarm_disarm(self, *x);
      },
      [self](const pb<SnapshotRequest>& x, const snapshot_receiver_actor& to) {
        on_save(self, x, to);
      },
      [self](const pb<SnapshotCredit>& x, const snapshot_receiver_actor& to) {
        self->send(self->state.parts.snapshots, x, to);
      },
      [self](const pb<SnapshotCancel>& x, const snapshot_receiver_actor& to) {
        self->send(self->state.parts.snapshots, x, to);
      },
      [self](const pb<LeaseCheckpoint>& x) {
        return command<LeaseResponse>(self, *x);
      },
      [self](const pb<system::Tick>& x) { on_tick(self, x->number()); },
      [self](const pb<Beat>&) { on_beat(self); },
      [self](const pb<raft_api::Message>& x) { on_message(self, *x); },
      [self](const pb<raft_api::Proposal>& x) { on_proposal(self, *x); },
      [self](const pb<raft_api::Refused>& x) { on_refused(self, *x); },
      [self](const pb<raft_api::LeaseQuestion>& x) {
        return on_lease_question(self, *x);
      },
      [self](const pb<raft_api::OpenSnapshot>& x) {
        return on_open_snapshot(self, x);
      },
      [self](const pb<raft_api::PullSnapshot>& x) {
        self->delegate(self->state.parts.snapshots, x);
      },
      [self](const pb<raft_api::MemberQuestion>& x) {
        return on_member_question(self, *x);
      },
      [self](const pb<raft_api::HashQuestion>& x) {
        return on_hash_question(self, x);
      },
      [self](const pb<raft_api::StateQuestion>&) {
        return on_state_question(self);
      },
      [self](const pb<raft_api::HashReport>& x) { on_hash(self, *x); },
      [self](const store_fault& x) {
        // One that was replaced meanwhile may have been as it likes.
        if (x.of == self->state.given)
          stop_for_good(self, {true, store::damage_of(x.why)});
      },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
