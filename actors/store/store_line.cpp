#include "actors/store/store_line.hpp"

#include "actors/store/member_dialing.hpp"
#include "actors/system/describing.hpp"
#include "actors/system/passing.hpp"
#include "messages/raft.pb.h"
#include "messages/store.pb.h"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>

namespace troupe {

namespace {

using namespace std::chrono_literals;
using namespace store_api;
using pointer = store_line_actor::stateful_pointer<store_line_state>;

/// The pause before a dial that failed is followed by the next; doubles.
constexpr auto first_pause = 20ms;
constexpr auto longest_pause = std::chrono::milliseconds{1'000};
/// A member whose process was stopped takes everything and answers nothing.
/// Whoever is asked for something is looked at, nobody else.
constexpr auto look_after = 1s;
constexpr auto look_patience = 5s;

/// Messages that may wait for a member; with more, all of them are given up.
constexpr size_t most_waiting = 10'000;

constexpr const char* dial_again = "dial";
constexpr const char* look_again = "look";

void tick_in(pointer self, std::chrono::milliseconds pause, const char* what) {
  system::Tick tick;
  tick.set_what(what);
  self->delayed_send(self, pause, pb<system::Tick>{std::move(tick)});
}

std::string place_of(const store_line_state& st) {
  return st.places[st.turn % st.places.size()].place;
}

// -- the member ---------------------------------------------------------------

void have(pointer self, const caf::actor& member) {
  auto& st = self->state;
  st.member = member;
  st.failures = 0;
  self->monitor(member);
  for (auto& pass : std::exchange(st.waiting, {}))
    pass();
}

void dial(pointer self) {
  auto& st = self->state;
  auto& to = st.places[st.turn % st.places.size()];
  raft_api::FindMember whom;
  whom.set_address(to.address);
  dial_member(
      self, st.requests, *st.ctx, to.place, whom,
      [self](const caf::actor& member) { have(self, member); },
      [self](const caf::error& err) {
        auto& me = self->state;
        me.trouble = err;
        ++me.turn;
        auto pause = std::min<std::chrono::milliseconds>(
            first_pause * (1 << std::min(me.failures++, 10u)), longest_pause);
        tick_in(self, pause, dial_again);
      });
}

/// Looks in a moment, unless that is under way.
void look_soon(pointer self) {
  if (!std::exchange(self->state.looking, true))
    tick_in(self, look_after, look_again);
}

/// Ends the line unless the member's mailbox comes to its turn in time.
void look(pointer self) {
  auto& st = self->state;
  auto passed = st.passed;
  self->request(caf::actor_cast<describe_actor>(st.member), look_patience,
                pb<system::Describe>{system::Describe{}})
      .then(
          [self, passed](const pb<system::Description>&) {
            self->state.looking = false;
            if (self->state.passed != passed)
              look_soon(self);
          },
          [self](const caf::error&) {
            self->quit(make_error(ec::service_unavailable,
                                  "the store at " + place_of(self->state)
                                      + " does not answer"));
          });
}

void on_tick(pointer self, const system::Tick& tick) {
  if (tick.what() == dial_again)
    dial(self);
  else
    look(self);
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  st.requests.on_down(down);
  if (st.member && st.member.address() == down.source)
    self->quit(make_error(ec::service_unavailable, "the store went away"));
}

// -- requests -----------------------------------------------------------------

/// Passes a message on with who sent it as its sender, now or when there is a
/// member.
template <class... Ts>
void pass(pointer self, const Ts&... xs) {
  auto& st = self->state;
  auto forward = [self, give = take_message(self, xs...)] {
    ++self->state.passed;
    look_soon(self);
    give(self->state.member);
  };
  if (st.member)
    forward();
  else if (st.waiting.size() < most_waiting)
    st.waiting.push_back(std::move(forward));
  else
    // Its end tells all of them; who watches would wait for ever otherwise.
    self->quit(make_error(ec::too_many_requests,
                          "the store is not there yet, and too many wait for "
                          "it"));
}

template <class Out, class In>
auto answered(pointer self) {
  return [self](const pb<In>& msg) -> caf::delegated<pb<Out>> {
    pass(self, msg);
    return {};
  };
}

template <class In, class Handle>
auto told(pointer self) {
  return
      [self](const pb<In>& msg, const Handle& from) { pass(self, msg, from); };
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts((st.member ? "member=" : "seeks=") + place_of(st));
  if (!st.member && st.trouble)
    result.add_facts("trouble=" + message_of(st.trouble));
  result.add_facts("requests=" + std::to_string(st.passed));
  result.add_facts("waiting=" + std::to_string(st.waiting.size()));
  return pb<system::Description>{std::move(result)};
}

} // namespace

store_line_actor::behavior_type store_line(pointer self, context ctx,
                                           std::vector<store_place> places) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.requests = calls{self};
  st.places = std::move(places);
  st.turn = st.ctx->incarnation() - 1;
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  dial(self);
  return {
      answered<RangeResponse, RangeRequest>(self),
      answered<TxnResponse, TxnRequest>(self),
      told<WatchRequest, store_watcher_actor>(self),
      told<WatchCredit, store_watcher_actor>(self),
      told<WatchCancel, store_watcher_actor>(self),
      told<WatchProgress, store_watcher_actor>(self),
      answered<LeaseResponse, LeaseGrantRequest>(self),
      answered<LeaseResponse, LeaseRevokeRequest>(self),
      answered<LeaseResponse, LeaseKeepAliveRequest>(self),
      answered<LeaseResponse, LeaseTimeToLiveRequest>(self),
      answered<CompactResponse, CompactRequest>(self),
      answered<StatusResponse, StatusRequest>(self),
      answered<MemberResponse, MemberAddRequest>(self),
      answered<MemberResponse, MemberPromoteRequest>(self),
      answered<MemberResponse, MemberRemoveRequest>(self),
      answered<MemberResponse, MoveLeaderRequest>(self),
      answered<HashResponse, HashRequest>(self),
      answered<AlarmResponse, AlarmListRequest>(self),
      answered<AlarmResponse, AlarmDisarmRequest>(self),
      told<SnapshotRequest, snapshot_receiver_actor>(self),
      told<SnapshotCredit, snapshot_receiver_actor>(self),
      told<SnapshotCancel, snapshot_receiver_actor>(self),
      [self](const pb<system::Tick>& tick) { on_tick(self, *tick); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

child_spec store_line_branch(const std::vector<store_place>& places) {
  child_spec spec;
  spec.name = "replica";
  spec.start = [places](caf::actor_system& sys, const context& ctx) {
    return caf::actor_cast<caf::actor>(sys.spawn(store_line, ctx, places));
  };
  return branch("store", {}, {std::move(spec)});
}

} // namespace troupe
