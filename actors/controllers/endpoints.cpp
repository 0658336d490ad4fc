#include "actors/controllers/endpoints.hpp"

#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/access.hpp"
#include "runtime/rules/endpoints_plan.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using core::v1::Endpoints;
using pointer = endpoints_actor::stateful_pointer<endpoints_state>;

constexpr auto manager_label = "endpoints.kubernetes.io/managed-by";

reconciler::outcome finishing(pointer self, const std::string& key) {
  return [self, key](expected<answer> result) {
    // Whatever runs late: the object is gone, or its namespace is ending.
    auto fine = result || is(result.error(), ec::not_found)
                || is(result.error(), ec::forbidden);
    self->state.loop.finish(key, fine ? caf::error{} : result.error());
  };
}

// Endpoints that users keep for services of theirs stay.
void on_no_service(pointer self, const std::string& key) {
  auto& st = self->state;
  auto left = st.endpoints->find(key);
  if (!left || left.meta().labels().count(manager_label) == 0) {
    st.loop.why.forget(key);
    return st.loop.finish(key);
  }
  st.loop.why.set(key, "its service is gone: deletes them");
  delete_options options;
  options.precondition_uid = left.uid();
  st.loop.remove(key, left, options, finishing(self, key));
}

void look_at(pointer self, const std::string& key) {
  auto& st = self->state;
  auto service = st.services.find(key);
  if (!service)
    return on_no_service(self, key);
  auto plan = rules::plan_endpoints(service, st.services.pods_of(service),
                                    st.endpoints->find(key));
  st.loop.why.set(key, plan.reason);
  if (plan.created)
    st.loop.create(key, *plan.created, finishing(self, key));
  else if (plan.updated)
    st.loop.update(key, *plan.updated, finishing(self, key));
  else
    st.loop.finish(key);
}

} // namespace

endpoints_actor::behavior_type endpoints(pointer self, context ctx) {
  auto& st = self->state;
  st.loop.bind(self, [self](const std::string& key) { look_at(self, key); });
  st.services.open(st.loop);
  st.endpoints =
      &st.loop.follow({&kind_of<Endpoints>(), {}, {}, {}},
                      [self](const object& before, const object& now) {
                        self->state.loop.mark((now ? now : before).key());
                      });
  st.loop.open(ctx, rules::controller_user("endpoint-controller"));
  return controller(self);
}

} // namespace troupe
