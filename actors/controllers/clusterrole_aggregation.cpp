#include "actors/controllers/clusterrole_aggregation.hpp"

#include "messages/api/meta.pb.h"
#include "messages/api/rbac.pb.h"
#include "runtime/rules/rbac_aggregate.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using rbac::v1::ClusterRole;
using pointer = clusterrole_aggregation_actor::stateful_pointer<
    clusterrole_aggregation_state>;

void look_at(pointer self, const std::string& key) {
  auto& st = self->state;
  auto role = st.roles->find(key);
  if (!role) {
    st.loop.why.forget(key);
    return st.loop.finish(key);
  }
  auto todo = rules::aggregated(role, st.roles->all());
  if (!todo) {
    st.loop.why.set(key, "has the rules of all that it is made of");
    return st.loop.finish(key);
  }
  st.loop.why.set(key, "takes the rules of all that it is made of");
  st.loop.update(key, todo, [self, key](const expected<answer>& result) {
    auto gone = !result && is(result.error(), ec::not_found);
    self->state.loop.finish(key,
                            result || gone ? caf::error{} : result.error());
  });
}

/// Any role may be part of any that is aggregated; there are few of these.
void on_role(pointer self, const object& before, const object& now) {
  auto& loop = self->state.loop;
  auto mark = [&](const object& role) {
    if (role && role.as<ClusterRole>().has_aggregation_rule())
      loop.mark(role.key());
  };
  mark(before);
  mark(now);
  for (auto& [name, role] : self->state.roles->all())
    mark(role);
}

} // namespace

clusterrole_aggregation_actor::behavior_type
clusterrole_aggregation(pointer self, context ctx) {
  auto& st = self->state;
  st.loop.bind(self, [self](const std::string& key) { look_at(self, key); });
  st.roles = &st.loop.follow({&kind_of<ClusterRole>(), {}, {}, {}},
                             [self](const object& before, const object& now) {
                               on_role(self, before, now);
                             });
  st.loop.open(ctx,
               rules::controller_user("clusterrole-aggregation-controller"));
  return controller(self);
}

} // namespace troupe
