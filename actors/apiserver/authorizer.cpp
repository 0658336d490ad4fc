#include "actors/apiserver/authorizer.hpp"

#include "actors/apiserver/beside.hpp"
#include "actors/apiserver/registry.hpp"
#include "actors/system/describing.hpp"
#include "messages/api/certificates.pb.h"
#include "messages/call.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/default_policy.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using namespace rbac::v1;
using pointer = authorizer_actor::stateful_pointer<authorizer_state>;

void follow(pointer self, size_t index) {
  auto& kind = *self->state.kinds[index].kind;
  find_beside(self, resource_path("view", kind),
              [self, index](const caf::actor& handle) {
                self->state.kinds[index].view = handle;
                call::Watch msg;
                msg.set_stream(index + 1);
                self->state.requests.ask<pb<call::WatchStarted>>(
                    handle, [](const pb<call::WatchStarted>&) {},
                    [](const caf::error&) {}, pb<call::Watch>{std::move(msg)},
                    watcher_actor{self});
              });
}

// -- who is told --------------------------------------------------------------

void tell(pointer self, const policy_reader_actor& to) {
  if (self->state.policy)
    self->send(to, policy_news{self->state.policy});
}

void find_reader(pointer self, const std::string& path) {
  find_beside(self, path, [self, path](const caf::actor& handle) {
    auto& reader = self->state.readers[path];
    reader = caf::actor_cast<policy_reader_actor>(handle);
    tell(self, reader);
  });
}

// -- the policy ---------------------------------------------------------------

/// What is stored, and what is about to be.
rules::rbac_objects all_objects(const authorizer_state& st) {
  auto all = st.stored;
  for (auto& one : st.kinds)
    all.of(*one.kind)->insert(st.due.of(*one.kind)->begin(),
                              st.due.of(*one.kind)->end());
  return all;
}

void make_policy(pointer self) {
  auto& st = self->state;
  if (!std::all_of(st.kinds.begin(), st.kinds.end(),
                   [](auto& one) { return one.complete; }))
    return;
  st.policy = std::make_shared<const rules::rbac_policy>(all_objects(st));
  ++st.changes;
  for (auto& [path, reader] : st.readers)
    if (reader)
      tell(self, reader);
}

/// Takes one change; returns whether anybody has other rights by it.
bool take(authorizer_state& st, const kind_info& kind, const change& what) {
  auto& stored = *st.stored.of(kind);
  auto& due = *st.due.of(kind);
  auto key = what.what.key();
  object before;
  for (auto* known : {&due, &stored})
    if (auto found = known->find(key); found != known->end())
      before = found->second;
  due.erase(key);
  if (what.type == change_type::deleted) {
    stored.erase(key);
    return static_cast<bool>(before);
  }
  stored[key] = what.what;
  return !before || !rules::same_rights(before, what.what);
}

void acknowledge(pointer self, const caf::actor& view, const changes& batch) {
  call::Ack ack;
  ack.set_stream(batch.stream);
  ack.set_sequence(batch.sequence);
  if (view)
    self->send(caf::actor_cast<api_actor>(view), pb<call::Ack>{std::move(ack)},
               watcher_actor{self});
}

void on_changes(pointer self, const changes& batch) {
  auto& st = self->state;
  auto index = batch.stream - 1;
  auto& followed = st.kinds[index];
  if (!batch.ended.empty()) {
    follow(self, index);
    return;
  }
  if (batch.reset) {
    followed.complete = false;
    st.stored.of(*followed.kind)->clear();
  }
  auto changed = batch.reset || batch.complete;
  for (auto& each : batch.items)
    changed = take(st, *followed.kind, each) || changed;
  followed.complete = followed.complete || batch.complete;
  if (changed)
    make_policy(self);
  acknowledge(self, followed.view, batch);
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  st.requests.on_down(down);
  for (size_t i = 0; i < st.kinds.size(); ++i)
    if (st.kinds[i].view && st.kinds[i].view.address() == down.source) {
      st.kinds[i].view = nullptr;
      follow(self, i);
    }
  for (auto& [path, reader] : st.readers)
    if (reader && reader.address() == down.source) {
      reader = nullptr;
      find_reader(self, path);
    }
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts(
      "grants="
      + (st.policy ? std::to_string(st.policy->grants()) : "unknown"));
  result.add_facts("changes=" + std::to_string(st.changes));
  return pb<system::Description>{std::move(result)};
}

} // namespace

authorizer_actor::behavior_type authorizer(pointer self, context ctx) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.requests = calls{self};
  st.kinds[0].kind = &kind_of<ClusterRole>();
  st.kinds[1].kind = &kind_of<Role>();
  st.kinds[2].kind = &kind_of<ClusterRoleBinding>();
  st.kinds[3].kind = &kind_of<RoleBinding>();
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  if (st.ctx->incarnation() == 1)
    for (auto& one : rules::default_policy())
      (*st.due.of(one.kind()))[one.key()] = one;
  for (size_t i = 0; i < st.kinds.size(); ++i)
    follow(self, i);
  find_reader(self, "apiserver/front_door");
  for (auto& one : st.kinds)
    find_reader(self, resource_path("registry", *one.kind));
  find_reader(
      self,
      resource_path("registry",
                    kind_of<certificates::v1::CertificateSigningRequest>()));
  return {
      [self](const changes& batch) { on_changes(self, batch); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
