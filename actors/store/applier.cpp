#include "actors/store/applier.hpp"

#include "actors/store/reopen.hpp"
#include "actors/system/describing.hpp"
#include "messages/system.pb.h"

#include <caf/stateful_actor.hpp>

#include <iterator>

namespace troupe {

namespace {

using namespace store_api;
using pointer = applier_actor::stateful_pointer<applier_state>;

opened_state described(const applier_state& st) {
  opened_state result;
  result.state = st.state;
  result.number = st.number;
  result.applied = st.machine->applied();
  result.revision = st.machine->revision();
  result.compacted = st.machine->compacted();
  result.hash = st.machine->hash();
  result.last_member = st.machine->last_member();
  result.alarms = st.machine->alarms();
  result.stopped = st.machine->stopped();
  return result;
}

void open_state(pointer self) {
  auto& st = self->state;
  auto opened = st.places->at(st.number)->open(when_freed(self));
  if (!opened) {
    st.opening.deliver(std::move(opened.error()));
    return;
  }
  if (!*opened)
    return;
  auto made = store::machine::open(*opened);
  if (!made) {
    st.opening.deliver(std::move(made.error()));
    return;
  }
  st.state = std::move(*opened);
  st.machine = std::move(*made);
  st.opening.deliver(described(st));
}

caf::result<opened_state> on_open(pointer self, const OpenState& request) {
  auto& st = self->state;
  auto only = st.places->only();
  if (!request.known() && !only)
    return opened_state{};
  auto number = request.known() ? request.number() : *only;
  if (st.machine && st.number == number)
    return described(st);
  st.machine = nullptr;
  st.state = nullptr;
  st.number = number;
  if (request.known())
    st.places->discard_others(number);
  self->state.opening = self->make_response_promise<opened_state>();
  auto result = self->state.opening;
  open_state(self);
  return result;
}

caf::result<opened_state> on_found(pointer self,
                                   const raft::snapshot_mark& start) {
  auto& st = self->state;
  if (!st.machine)
    return make_error(ec::service_unavailable, "the state is not open");
  if (auto err = st.machine->found(start))
    return err;
  return described(st);
}

caf::result<opened_state> on_fetched(pointer self, const fetched_state& next) {
  auto& st = self->state;
  auto made = store::machine::open(next.state);
  if (!made)
    return std::move(made.error());
  st.places->at(st.number)->discard();
  st.number = next.number;
  st.state = next.state;
  st.machine = std::move(*made);
  // Before the events of what is applied to it.
  auto told = std::make_shared<applied_events>();
  told->revision = st.machine->revision();
  told->jumped = true;
  self->send(st.events, events_handle{std::move(told)});
  return described(st);
}

caf::result<applied_entries> on_entries(pointer self,
                                        const committed_entries& request) {
  auto& st = self->state;
  if (!st.machine)
    return make_error(ec::service_unavailable, "the state is not open");
  applied_entries result;
  auto told = std::make_shared<applied_events>();
  for (const auto& entry : request.entries) {
    auto out = st.machine->apply(entry);
    if (!out)
      return std::move(out.error());
    std::move(out->events.begin(), out->events.end(),
              std::back_inserter(told->events));
    result.leases.insert(result.leases.end(), out->leases.begin(),
                         out->leases.end());
    result.entries.push_back({entry.at, out->hash,
                              store::origin_of(entry.bytes()),
                              std::move(out->answers)});
  }
  told->revision = st.machine->revision();
  // Before the answer: who knows of a change finds the hub knowing it too.
  self->send(st.events, events_handle{std::move(told)});
  result.applied = st.machine->applied();
  result.revision = st.machine->revision();
  result.compacted = st.machine->compacted();
  result.hash = st.machine->hash();
  result.last_member = st.machine->last_member();
  result.alarms = st.machine->alarms();
  return result;
}

caf::result<checkpointed> on_checkpoint(pointer self) {
  auto& st = self->state;
  if (!st.machine)
    return make_error(ec::service_unavailable, "the state is not open");
  if (auto err = st.machine->sync())
    return err;
  return checkpointed{st.machine->applied()};
}

/// What cannot be noted is found out again.
void on_stop(pointer self, const StopState& request) {
  if (auto& machine = self->state.machine)
    machine->stop({request.damaged(), request.reason()});
}

void on_tick(pointer self) {
  if (!self->state.machine && self->state.opening.pending())
    open_state(self);
}

pb<system::Description> on_describe(pointer self) {
  auto result = begin_description(self);
  if (auto& machine = self->state.machine) {
    result.add_facts("applied=" + std::to_string(machine->applied()));
    result.add_facts("revision=" + std::to_string(machine->revision()));
  }
  return result;
}

} // namespace

applier_actor::behavior_type
applier(pointer self, std::shared_ptr<store::state_places> places,
        events_actor events) {
  self->state.places = std::move(places);
  self->state.events = std::move(events);
  return {
      [self](const pb<OpenState>& x) { return on_open(self, *x); },
      [self](const raft::snapshot_mark& x) { return on_found(self, x); },
      [self](const fetched_state& x) { return on_fetched(self, x); },
      [self](const committed_entries& x) { return on_entries(self, x); },
      [self](const pb<Checkpoint>&) { return on_checkpoint(self); },
      [self](const pb<StopState>& x) { on_stop(self, *x); },
      [self](const pb<system::Tick>&) { on_tick(self); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
