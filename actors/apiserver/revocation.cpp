#include "actors/apiserver/revocation.hpp"

#include "actors/system/describing.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/join.pb.h"
#include "messages/join_interface.hpp"
#include "messages/system.pb.h"
#include "runtime/rules/issued_certificates.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/signing_authority.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using core::v1::ConfigMap;
using pointer = revocation_actor::stateful_pointer<revocation_state>;

void tell_door(pointer self) {
  auto& st = self->state;
  if (!st.door)
    return;
  join::Revoked msg;
  for (auto& serial : st.serials)
    msg.add_serials(serial);
  self->send(caf::actor_cast<guarded_door_actor>(st.door),
             pb<join::Revoked>{std::move(msg)});
}

void find_door(pointer self) {
  auto& st = self->state;
  system::Resolve msg;
  msg.set_path(st.api.ctx().beside("apiserver/front_door"));
  st.requests.ask<caf::actor>(
      st.api.ctx().directory(),
      [self](const caf::actor& found) {
        self->state.door = found;
        self->monitor(found);
        tell_door(self);
      },
      // The directory's end is the end of all who use it.
      [](const caf::error&) {}, pb<system::Resolve>{std::move(msg)});
}

void on_batch(pointer self, const changes& batch) {
  auto& st = self->state;
  // The beginning of what is there: what it is, the next one tells.
  if (batch.reset && !batch.complete && batch.items.empty())
    return;
  std::set<std::string> now =
      batch.reset ? std::set<std::string>{} : st.serials;
  for (auto& each : batch.items) {
    if (each.what.name() != rules::revoked_name
        || each.what.ns() != rules::certificates_namespace)
      continue;
    now.clear();
    if (each.type != change_type::deleted)
      now = rules::serials_of(rules::read_revoked(each.what.as<ConfigMap>()));
  }
  if (now == st.serials)
    return;
  st.serials = std::move(now);
  tell_door(self);
  auto& edge = st.api.ctx().outside().authority;
  if (edge && edge->revoke)
    edge->revoke(st.serials);
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  st.requests.on_down(down);
  st.api.on_down(down);
  if (st.door && st.door.address() == down.source) {
    st.door = nullptr;
    find_door(self);
  }
}

pb<system::Description> on_describe(pointer self) {
  auto result = begin_description(self);
  result.add_facts("revoked=" + std::to_string(self->state.serials.size()));
  return pb<system::Description>{std::move(result)};
}

} // namespace

revocation_actor::behavior_type revocation(pointer self, context ctx) {
  auto& st = self->state;
  st.requests = calls{self};
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  st.api.open(self, ctx, "system:apiserver", {"system:masters"});
  st.api.subscribe({&kind_of<ConfigMap>(),
                    rules::certificates_namespace,
                    {},
                    std::string{"metadata.name="} + rules::revoked_name},
                   [self](const changes& batch) { on_batch(self, batch); });
  find_door(self);
  return {
      [self](const changes& batch) { self->state.api.on_changes(batch); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
