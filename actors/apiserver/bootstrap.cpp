#include "actors/apiserver/bootstrap.hpp"

#include "actors/system/describing.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/scheduling.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/first_objects.hpp"
#include "runtime/system/config.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using core::v1::ConfigMap;
using core::v1::Namespace;
using pointer = bootstrap_actor::stateful_pointer<bootstrap_state>;

std::string place_of(const object& what) {
  return what.kind().qualified_plural() + " " + what.key();
}

/// Returns what is to be written for a wanted object; none when it is there.
object missing(const bootstrap_state& st, const object& wanted) {
  if (st.refused.count(place_of(wanted)) != 0)
    return {};
  auto& objects = st.views.at(&wanted.kind()).objects;
  auto stored = objects.find(wanted.key());
  return stored == objects.end() ? wanted
                                 : rules::corrected(stored->second, wanted);
}

object next(const bootstrap_state& st) {
  for (auto& wanted : st.first)
    if (auto todo = missing(st, wanted))
      return todo;
  auto& authority = st.api.ctx().config().ca_certificate;
  for (auto& [name, space] : st.views.at(&kind_of<Namespace>()).objects)
    if (!space.meta().has_deletion_timestamp())
      if (auto todo = missing(st, rules::authority_map(name, authority)))
        return todo;
  return {};
}

bool is_ready(const bootstrap_state& st) {
  return std::all_of(st.views.begin(), st.views.end(),
                     [](auto& view) { return view.second.complete; });
}

void write_next(pointer self) {
  auto& st = self->state;
  if (st.busy || !is_ready(st))
    return;
  auto todo = next(st);
  if (!todo)
    return;
  st.busy = true;
  auto done = [self, todo](expected<answer> result) {
    auto& state = self->state;
    state.busy = false;
    // What was written counts at once; the view shows it later. Down: the
    // same once more. Anything else, such as a namespace that ends, waits for
    // a change.
    if (result) {
      ++state.written;
      state.views[&todo.kind()].objects[todo.key()] = result->one();
    } else if (!is(result.error(), ec::service_unavailable)) {
      state.refused.insert(place_of(todo));
    }
    write_next(self);
  };
  if (todo.revision() == 0)
    st.api.create(todo, done);
  else
    st.api.update(todo, done);
}

void on_batch(pointer self, const kind_info& kind, const changes& batch) {
  auto& st = self->state;
  auto& view = st.views[&kind];
  if (batch.reset) {
    view.complete = false;
    view.objects.clear();
  }
  for (auto& c : batch.items) {
    st.refused.clear();
    if (c.type == change_type::deleted)
      view.objects.erase(c.what.key());
    else
      view.objects[c.what.key()] = c.what;
  }
  view.complete = view.complete || batch.complete;
  write_next(self);
}

template <class T>
void follow(pointer self, const std::string& ns = {},
            const std::string& name = {}) {
  auto& kind = kind_of<T>();
  self->state.views[&kind];
  self->state.api.subscribe(
      {&kind, ns, {}, name.empty() ? name : "metadata.name=" + name},
      [self, &kind](const changes& batch) { on_batch(self, kind, batch); });
}

pb<system::Description> on_describe(pointer self) {
  auto result = begin_description(self);
  result.add_facts("written=" + std::to_string(self->state.written));
  return pb<system::Description>{std::move(result)};
}

} // namespace

bootstrap_actor::behavior_type bootstrap(pointer self, context ctx) {
  auto& st = self->state;
  self->set_down_handler(
      [self](const caf::down_msg& down) { self->state.api.on_down(down); });
  auto& config = ctx.config();
  st.first = rules::first_objects({config.service_cidr, config.api_address,
                                   config.api_port, config.ca_certificate});
  st.api.open(self, ctx, "system:apiserver", {"system:masters"});
  follow<Namespace>(self);
  follow<scheduling::v1::PriorityClass>(self);
  follow<core::v1::Service>(self, "default", "kubernetes");
  follow<core::v1::Endpoints>(self, "default", "kubernetes");
  follow<discovery::v1::EndpointSlice>(self, "default", "kubernetes");
  follow<ConfigMap>(self, {}, rules::authority_map_name);
  return {
      [self](const changes& batch) { self->state.api.on_changes(batch); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
