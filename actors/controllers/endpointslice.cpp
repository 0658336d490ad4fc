#include "actors/controllers/endpointslice.hpp"

#include "messages/api/core_node.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "runtime/rules/access.hpp"
#include "runtime/rules/endpointslice_plan.hpp"
#include "runtime/rules/service_pods.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using core::v1::Endpoints;
using core::v1::Service;
using discovery::v1::EndpointSlice;
using pointer = endpointslice_actor::stateful_pointer<endpointslice_state>;

constexpr auto zone_label = "topology.kubernetes.io/zone";

std::string label_of(const object& what, const char* key) {
  auto found = what.meta().labels().find(key);
  return found == what.meta().labels().end() ? "" : found->second;
}

// -- what changed -------------------------------------------------------------

void on_slice(pointer self, const object& before, const object& now) {
  auto& st = self->state;
  auto service_of = [](const object& slice) {
    return slice.ns() + "/" + label_of(slice, rules::slice_service_label);
  };
  if (before) {
    auto key = service_of(before);
    auto& list = st.slices[key];
    list.erase(before.key());
    if (list.empty())
      st.slices.erase(key);
    st.loop.mark(key);
  }
  if (now) {
    st.slices[service_of(now)][now.key()] = now;
    st.loop.mark(service_of(now));
  }
}

void on_node(pointer self, const object& before, const object& now) {
  auto& st = self->state;
  auto zone = now ? label_of(now, zone_label) : "";
  auto& known = st.zones[(now ? now : before).name()];
  if (known != zone) {
    known = zone;
    for (const auto& [key, service] : st.services.services().all())
      st.loop.mark(key);
  }
  if (!now)
    st.zones.erase(before.name());
}

// -- carrying a plan out ------------------------------------------------------

void carry_out(pointer self, const std::string& key,
               const rules::slices_plan& plan) {
  auto& loop = self->state.loop;
  gathering all{[self, key](const caf::error& err) {
    self->state.loop.finish(key, err);
  }};
  // Whatever runs late: the object is gone, or its namespace is ending.
  auto late = [](const caf::error& err) {
    return is(err, ec::not_found) || is(err, ec::forbidden);
  };
  for (const auto& slice : plan.created)
    loop.create(key, slice, all.expect(late));
  for (const auto& slice : plan.updated)
    loop.update(key, slice, all.expect(late));
  for (const auto& slice : plan.deleted) {
    delete_options options;
    options.precondition_uid = slice.uid();
    loop.remove(key, slice, options, all.expect(late));
  }
  all.close();
}

void append(std::vector<object>& to, std::vector<object> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()),
            std::make_move_iterator(more.end()));
}

void look_at(pointer self, const std::string& key) {
  auto& st = self->state;
  auto service = st.services.find(key);
  if (!service) {
    // Slices name their service as owner, and go with it.
    st.loop.why.forget(key);
    return st.loop.finish(key);
  }
  std::vector<object> existing;
  if (auto found = st.slices.find(key); found != st.slices.end())
    for (const auto& [name, slice] : found->second)
      existing.push_back(slice);
  auto plan = rules::plan_slices(service, st.services.pods_of(service),
                                 existing, [&](const std::string& node) {
                                   auto found = st.zones.find(node);
                                   return found == st.zones.end()
                                              ? std::string{}
                                              : found->second;
                                 });
  auto mirror = rules::plan_mirror(service, st.endpoints->find(key), existing);
  if (!rules::selects_pods(service.as<Service>()))
    plan.reason = mirror.reason;
  st.loop.why.set(key, plan.reason);
  append(plan.created, std::move(mirror.created));
  append(plan.updated, std::move(mirror.updated));
  append(plan.deleted, std::move(mirror.deleted));
  carry_out(self, key, plan);
}

} // namespace

endpointslice_actor::behavior_type endpointslice(pointer self, context ctx) {
  auto& st = self->state;
  st.loop.bind(self, [self](const std::string& key) { look_at(self, key); });
  st.services.open(st.loop);
  st.endpoints = &st.loop.follow(
      {&kind_of<Endpoints>(), {}, {}, {}},
      [self](const object& before, const object& now) {
        auto key = (now ? now : before).key();
        // Those of services with a selector are not mirrored.
        auto service = self->state.services.find(key);
        if (service && !rules::selects_pods(service.as<Service>()))
          self->state.loop.mark(key);
      });
  st.loop.follow({&kind_of<EndpointSlice>(), {}, {}, {}},
                 [self](const object& before, const object& now) {
                   on_slice(self, before, now);
                 });
  st.loop.follow({&kind_of<core::v1::Node>(), {}, {}, {}},
                 [self](const object& before, const object& now) {
                   on_node(self, before, now);
                 });
  st.loop.open(ctx, rules::controller_user("endpointslice-controller"));
  return controller(self);
}

} // namespace troupe
