#include "actors/store/replica_steps.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <utility>

// Alarms: what the group remembers of a member whose state has grown too large,
// or is not what the others hold.
namespace troupe::replica_steps {

namespace {

using namespace store_api;

/// The state is measured after this much, or less where the quota is small.
constexpr uint64_t most_unmeasured = uint64_t{1} << 20;

store::alarm own_space(const replica_state& st) {
  return {Alarm::SPACE, st.limits.self};
}

/// Puts a change into the log, unless it is on its way already.
void change(pointer self, const store::alarm& which, bool on) {
  auto& st = self->state;
  if (!has_room(st) || !st.group.changing_alarms.insert(which).second)
    return;
  AlarmChange what;
  what.mutable_alarm()->set_kind(which.first);
  what.mutable_alarm()->set_member(which.second);
  what.set_on(on);
  store::append(room(st), what);
  gather(self, [self, which](store::answer&) {
    self->state.group.changing_alarms.erase(which);
  });
}

void on_measured(pointer self, uint64_t bytes) {
  auto& st = self->state;
  auto& group = st.group;
  group.measuring = false;
  group.state_bytes = bytes;
  auto on = group.alarms.count(own_space(st)) > 0;
  auto over = group.quota != 0 && bytes > group.quota;
  // Not at once: it would go on and off with every change.
  auto well = group.quota == 0 || bytes < group.quota - group.quota / 10;
  if (!on && over)
    change(self, own_space(st), true);
  else if (on && well)
    change(self, own_space(st), false);
}

void measure(pointer self) {
  auto& st = self->state;
  if (std::exchange(st.group.measuring, true))
    return;
  st.group.grown = 0;
  self->request(st.parts.readers.front(), caf::infinite, pb<StatusRequest>{})
      .then(
          [self](const pb<StatusResponse>& x) {
            on_measured(self, x->state_bytes());
          },
          [self](const caf::error&) { self->state.group.measuring = false; });
}

} // namespace

bool awaits_space(const replica_state& state) {
  return state.group.alarms.count(own_space(state)) > 0;
}

void measure_space(pointer self) {
  if (self->state.group.quota != 0 || awaits_space(self->state))
    measure(self);
}

void watch_space(pointer self, uint64_t bytes) {
  auto& group = self->state.group;
  group.grown += bytes;
  auto step = std::min(most_unmeasured, group.quota / 16);
  // An alarm may be of a life with another quota.
  if (awaits_space(self->state) || (group.quota != 0 && group.grown >= step))
    measure(self);
}

void raise_corruption(pointer self) {
  auto& st = self->state;
  if (st.group.odd.empty() || !st.raft)
    return;
  std::erase_if(st.group.odd, [&](raft::member_id id) {
    return st.raft->members().find(id) == nullptr;
  });
  if (st.raft->now().now != raft::role::leader)
    return;
  for (auto id : st.group.odd)
    if (st.group.alarms.count({Alarm::CORRUPTION, id}) == 0)
      change(self, {Alarm::CORRUPTION, id}, true);
}

caf::result<pb<AlarmResponse>> on_alarm_list(pointer self) {
  auto promise = self->make_response_promise<pb<AlarmResponse>>();
  once_readable(
      self,
      [=]() mutable {
        promise.deliver(
            pb<AlarmResponse>{store::to_message(self->state.group.alarms)});
      },
      [=](const caf::error& err) mutable { promise.deliver(err); });
  return promise;
}

caf::result<pb<AlarmResponse>>
on_alarm_disarm(pointer self, const AlarmDisarmRequest& request) {
  auto& st = self->state;
  if (st.now == replica_state::phase::refusing)
    return st.fault;
  if (!has_room(st))
    return make_error(ec::too_many_requests,
                      "too many changes wait to be written");
  auto member = request.alarm().member();
  if (st.raft && st.raft->members().find(member) == nullptr
      && st.group.alarms.count({request.alarm().kind(), member}) == 0)
    return make_error(ec::not_found,
                      "the store has no member " + std::to_string(member));
  auto promise = self->make_response_promise<pb<AlarmResponse>>();
  AlarmChange what;
  *what.mutable_alarm() = request.alarm();
  store::append(room(st), what);
  gather(self, [self, promise](store::answer& answer) mutable {
    // What has not changed raises it again.
    measure_space(self);
    if (auto* done = std::get_if<AlarmResponse>(&answer))
      promise.deliver(pb<AlarmResponse>{std::move(*done)});
    else if (auto* err = std::get_if<caf::error>(&answer))
      promise.deliver(*err);
  });
  return promise;
}

} // namespace troupe::replica_steps
