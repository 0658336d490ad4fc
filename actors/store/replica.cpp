#include "actors/store/replica.hpp"

#include "actors/store/replica_steps.hpp"
#include "actors/system/describing.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <utility>

namespace troupe {

namespace {

using namespace store_api;
using namespace replica_steps;
using phase = replica_state::phase;

template <class Response>
using promise_of = caf::typed_response_promise<pb<Response>>;

/// How many requests may wait for the store to open.
constexpr size_t most_early = 10'000;

/// Runs `use` once the store is open, or `failed` with why it is not.
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
      if (st.when_open.size() >= most_early) {
        failed(make_error(ec::too_many_requests, "the store is opening"));
        return;
      }
      st.when_open.push_back([self, use, failed] {
        if (self->state.now == phase::ready)
          use();
        else
          failed(self->state.fault);
      });
  }
}

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

/// Gathers a command; `seen` is called with what it came to, before the answer
/// leaves.
template <class Response, class Request>
caf::result<pb<Response>>
command(pointer self, const Request& request,
        std::function<void(const Response&)> seen = nullptr) {
  auto& st = self->state;
  if (st.now == phase::refusing)
    return st.fault;
  if (!has_room(st))
    return make_error(ec::too_many_requests,
                      "too many changes wait to be written");
  auto promise = self->make_response_promise<pb<Response>>();
  store::append(st.payload, request);
  gather(
      self, [promise, seen = std::move(seen)](store::answer& answer) mutable {
        if (auto* response = std::get_if<Response>(&answer); response && seen)
          seen(*response);
        deliver<Response>(promise, answer);
      });
  return promise;
}

caf::result<pb<TxnResponse>> on_txn(pointer self, const TxnRequest& request) {
  if (auto err = store::check(request))
    return err;
  return command<TxnResponse>(self, request);
}

caf::result<pb<LeaseResponse>> on_grant(pointer self,
                                        const LeaseGrantRequest& request) {
  if (auto err = store::check(request))
    return err;
  return command<LeaseResponse>(
      self, request, [self](const LeaseResponse& granted) {
        self->send(self->state.parts.leases, pb<LeaseResponse>{granted});
      });
}

caf::result<pb<LeaseResponse>> on_revoke(pointer self,
                                         const LeaseRevokeRequest& request) {
  return command<LeaseResponse>(
      self, request, [self, request](const LeaseResponse&) {
        self->send(self->state.parts.leases, pb<LeaseRevokeRequest>{request});
      });
}

// -- what others answer -------------------------------------------------------

/// Passes a request on once the store is open.
template <class Response, class Request, class Choose>
caf::result<pb<Response>> pass_on(pointer self, const pb<Request>& request,
                                  Choose choose) {
  auto promise = self->make_response_promise<pb<Response>>();
  once_open(
      self, [=]() mutable { promise.delegate(choose(), request); },
      [=](const caf::error& err) mutable { promise.deliver(err); });
  return promise;
}

caf::result<pb<RangeResponse>> on_range(pointer self,
                                        const pb<RangeRequest>& request) {
  if (auto err = store::check(*request))
    return err;
  return pass_on<RangeResponse>(self, request, [self] {
    auto& st = self->state;
    return st.parts.readers[st.turn++ % st.parts.readers.size()];
  });
}

/// Passes what has no answer on to the hub; a store that refuses tells the
/// watcher in its stream.
template <class Request>
void to_hub(pointer self, const pb<Request>& request,
            const store_watcher_actor& watcher) {
  once_open(
      self, [=] { self->send(self->state.parts.hub, request, watcher); },
      [=](const caf::error& err) {
        WatchBatch batch;
        batch.set_id(request->id());
        batch.set_number(1);
        batch.set_error(message_of(err));
        self->send(watcher, pb<WatchBatch>{std::move(batch)});
      });
}

// -- how it is ----------------------------------------------------------------

StatusResponse own_status(const replica_state& st) {
  StatusResponse result;
  result.set_revision(st.revision);
  result.set_compacted_revision(st.compacted);
  result.set_term(st.term);
  result.set_last_index(st.last_index);
  result.set_commit_index(st.commit_index);
  result.set_applied_index(st.applied);
  result.set_hash(st.hash);
  if (st.fault)
    result.add_errors(message_of(st.fault));
  return result;
}

/// Adds what each of the other parts says.
void ask_status(pointer self, promise_of<StatusResponse> promise) {
  auto result = std::make_shared<StatusResponse>(own_status(self->state));
  auto fail = [promise](caf::error& err) mutable {
    promise.deliver(std::move(err));
  };
  auto ask = [self, fail](const auto& part, auto then) {
    self->request(part, caf::infinite, pb<StatusRequest>{})
        .then([then](const pb<StatusResponse>& x) mutable { then(*x); }, fail);
  };
  auto& parts = self->state.parts;
  ask(parts.readers.front(), [=](const StatusResponse& reader) {
    result->MergeFrom(reader);
    ask(self->state.parts.hub, [=](const StatusResponse& hub) {
      result->MergeFrom(hub);
      ask(self->state.parts.leases, [=](const StatusResponse& held) mutable {
        result->MergeFrom(held);
        auto last = promise;
        last.deliver(pb<StatusResponse>{*result});
      });
    });
  });
}

caf::result<pb<StatusResponse>> on_status(pointer self) {
  auto promise = self->make_response_promise<pb<StatusResponse>>();
  once_open(
      self, [=] { ask_status(self, promise); },
      [=](const caf::error&) mutable {
        promise.deliver(pb<StatusResponse>{own_status(self->state)});
      });
  return promise;
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts("term=" + std::to_string(st.term));
  result.add_facts("commit=" + std::to_string(st.commit_index));
  result.add_facts("revision=" + std::to_string(st.revision));
  if (st.now == phase::opening)
    result.add_facts("opening");
  if (st.fault)
    result.add_facts("refuses=" + message_of(st.fault));
  return result;
}

void on_tick(pointer self) {
  auto& st = self->state;
  if (st.now == phase::refusing) {
    // Sent when opening failed for a reason that may have passed.
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
  self->monitor(parts.hub);
  self->monitor(parts.leases);
  self->monitor(parts.compactor);
  self->set_down_handler(
      [self](const caf::down_msg& down) { give_up(self, down.reason); });
}

} // namespace

replica_actor::behavior_type replica(pointer self, store_parts parts) {
  self->state.parts = std::move(parts);
  watch_parts(self);
  open(self);
  return {
      [self](const pb<RangeRequest>& x) { return on_range(self, x); },
      [self](const pb<TxnRequest>& x) { return on_txn(self, *x); },
      [self](const pb<WatchRequest>& x, const store_watcher_actor& watcher) {
        to_hub(self, x, watcher);
      },
      [self](const pb<WatchCredit>& x, const store_watcher_actor& watcher) {
        self->send(self->state.parts.hub, x, watcher);
      },
      [self](const pb<WatchCancel>& x, const store_watcher_actor& watcher) {
        self->send(self->state.parts.hub, x, watcher);
      },
      [self](const pb<WatchProgress>& x, const store_watcher_actor& watcher) {
        to_hub(self, x, watcher);
      },
      [self](const pb<LeaseGrantRequest>& x) { return on_grant(self, *x); },
      [self](const pb<LeaseRevokeRequest>& x) { return on_revoke(self, *x); },
      [self](const pb<LeaseKeepAliveRequest>& x) {
        return pass_on<LeaseResponse>(
            self, x, [self] { return self->state.parts.leases; });
      },
      [self](const pb<LeaseTimeToLiveRequest>& x) {
        return pass_on<LeaseResponse>(
            self, x, [self] { return self->state.parts.leases; });
      },
      [self](const pb<CompactRequest>& x) {
        return command<CompactResponse>(self, *x);
      },
      [self](const pb<StatusRequest>&) { return on_status(self); },
      [self](const pb<LeaseCheckpoint>& x) {
        return command<LeaseResponse>(self, *x);
      },
      [self](const pb<system::Tick>&) { on_tick(self); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
