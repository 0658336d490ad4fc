#include "actors/store/leases.hpp"

#include "actors/system/describing.hpp"
#include "messages/system.pb.h"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>

namespace troupe {

namespace {

using namespace store_api;
using pointer = leases_actor::stateful_pointer<leases_state>;
using held_lease = leases_state::lease;
using std::chrono::seconds;

/// As etcd does: a restart gives back at most this much of a lease's time.
constexpr auto checkpoint_every = seconds(300);
constexpr auto retry_after = seconds(1);

/// Wakes up when the next lease ends or is to be recorded.
void set_timer(pointer self) {
  auto& st = self->state;
  ++st.timer;
  leases_state::time next{};
  for (const auto& [id, entry] : st.leases) {
    if (entry.ending)
      continue;
    auto at = std::min(entry.deadline, entry.checkpoint);
    if (next == leases_state::time{} || at < next)
      next = at;
  }
  if (next == leases_state::time{})
    return;
  system::Tick tick;
  tick.set_number(st.timer);
  auto pause = std::max(next - self->clock().now(),
                        leases_state::time::duration::zero());
  self->delayed_send(self, pause, pb<system::Tick>{std::move(tick)});
}

void add(pointer self, const LeaseResponse& granted) {
  auto now = self->clock().now();
  auto& entry = self->state.leases[granted.id()];
  entry.ttl_seconds = granted.ttl_seconds();
  entry.shortened = granted.remaining_seconds() < granted.ttl_seconds();
  entry.deadline = now + seconds(granted.remaining_seconds());
  entry.checkpoint = now + checkpoint_every;
}

uint64_t remaining(pointer self, const held_lease& entry) {
  auto left = entry.deadline - self->clock().now();
  // Rounded up: what is said to have nothing left has ended.
  auto whole = std::chrono::ceil<seconds>(left).count();
  return whole > 0 ? static_cast<uint64_t>(whole) : 0;
}

LeaseResponse described(pointer self, uint64_t id, const held_lease& entry) {
  LeaseResponse result;
  result.set_id(id);
  result.set_ttl_seconds(entry.ttl_seconds);
  result.set_remaining_seconds(remaining(self, entry));
  return result;
}

caf::error unknown(uint64_t id) {
  return make_error(ec::not_found,
                    "lease " + std::to_string(id) + " does not exist");
}

void revoke(pointer self, uint64_t id, held_lease& entry) {
  entry.ending = true;
  LeaseRevokeRequest request;
  request.set_id(id);
  request.set_term(self->state.term);
  // Once applied, the replica tells us as it does for any other revocation.
  self->request(self->state.proposer, caf::infinite,
                pb<LeaseRevokeRequest>{std::move(request)})
      .then([](const pb<LeaseResponse>&) {},
            [self, id](const caf::error&) {
              auto i = self->state.leases.find(id);
              if (i == self->state.leases.end())
                return;
              i->second.ending = false;
              i->second.deadline = self->clock().now() + retry_after;
              set_timer(self);
            });
}

/// Records what a lease has left; then calls `done` with what came of it.
void checkpoint(pointer self, uint64_t id, held_lease& entry, uint64_t left,
                std::function<void(caf::error)> done) {
  entry.checkpoint = self->clock().now() + checkpoint_every;
  // Whether this one gets there or not.
  auto whole = left >= entry.ttl_seconds;
  entry.shortened = entry.shortened || !whole;
  LeaseCheckpoint request;
  request.set_id(id);
  request.set_remaining_seconds(left);
  request.set_term(self->state.term);
  self->request(self->state.proposer, caf::infinite,
                pb<LeaseCheckpoint>{std::move(request)})
      .then(
          [self, id, whole, done](const pb<LeaseResponse>&) {
            auto i = self->state.leases.find(id);
            if (i != self->state.leases.end() && whole)
              i->second.shortened = false;
            done(caf::none);
          },
          [self, id, done](const caf::error& err) {
            auto i = self->state.leases.find(id);
            if (i != self->state.leases.end()) {
              i->second.checkpoint = self->clock().now() + retry_after;
              set_timer(self);
            }
            done(err);
          });
}

void on_tick(pointer self, const system::Tick& tick) {
  auto& st = self->state;
  if (tick.number() != st.timer)
    return;
  auto now = self->clock().now();
  for (auto& [id, entry] : st.leases) {
    if (entry.ending)
      continue;
    if (entry.deadline <= now)
      revoke(self, id, entry);
    else if (entry.checkpoint <= now)
      checkpoint(self, id, entry, remaining(self, entry),
                 [](const caf::error&) {});
  }
  set_timer(self);
}

caf::result<pb<LeaseResponse>>
on_keep_alive(pointer self, const LeaseKeepAliveRequest& request) {
  auto i = self->state.leases.find(request.id());
  if (i == self->state.leases.end() || i->second.ending)
    return unknown(request.id());
  auto& entry = i->second;
  entry.deadline = self->clock().now() + seconds(entry.ttl_seconds);
  auto result = described(self, request.id(), entry);
  if (!entry.shortened)
    return pb<LeaseResponse>{std::move(result)};
  // Whoever leads next goes by what is recorded: only then it is renewed.
  auto promise = self->make_response_promise<pb<LeaseResponse>>();
  checkpoint(self, request.id(), entry, entry.ttl_seconds,
             [promise, result](const caf::error& err) mutable {
               if (err)
                 promise.deliver(err);
               else
                 promise.deliver(pb<LeaseResponse>{std::move(result)});
             });
  return promise;
}

caf::result<pb<LeaseResponse>>
on_time_to_live(pointer self, const pb<LeaseTimeToLiveRequest>& request) {
  auto id = request->id();
  auto i = self->state.leases.find(id);
  if (i == self->state.leases.end())
    return unknown(id);
  auto result = described(self, id, i->second);
  if (!request->want_keys())
    return pb<LeaseResponse>{std::move(result)};
  auto promise = self->make_response_promise<pb<LeaseResponse>>();
  self->request(self->state.reader, caf::infinite, request)
      .then(
          [promise, result](const pb<LeaseResponse>& found) mutable {
            *result.mutable_keys() = found->keys();
            promise.deliver(pb<LeaseResponse>{std::move(result)});
          },
          [promise](caf::error& err) mutable {
            promise.deliver(std::move(err));
          });
  return promise;
}

void on_list(pointer self, const LeaseList& list,
             const proposer_actor& proposer) {
  self->state.proposer = proposer;
  self->state.term = list.term();
  self->state.leases.clear();
  for (const auto& entry : list.leases())
    add(self, entry);
  set_timer(self);
}

pb<StatusResponse> on_status(pointer self) {
  StatusResponse result;
  result.set_leases(self->state.leases.size());
  return result;
}

pb<system::Description> on_describe(pointer self) {
  auto result = begin_description(self);
  result.add_facts("leases=" + std::to_string(self->state.leases.size()));
  return result;
}

} // namespace

leases_actor::behavior_type leases(pointer self, reader_actor reader) {
  self->state.reader = std::move(reader);
  return {
      [self](const pb<LeaseList>& x, const proposer_actor& proposer) {
        on_list(self, *x, proposer);
      },
      [self](const pb<LeaseResponse>& x) {
        add(self, *x);
        set_timer(self);
      },
      [self](const pb<LeaseRevokeRequest>& x) {
        self->state.leases.erase(x->id());
      },
      [self](const pb<LeaseKeepAliveRequest>& x) {
        return on_keep_alive(self, *x);
      },
      [self](const pb<LeaseTimeToLiveRequest>& x) {
        return on_time_to_live(self, x);
      },
      [self](const pb<StatusRequest>&) { return on_status(self); },
      [self](const pb<system::Tick>& x) { on_tick(self, *x); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
