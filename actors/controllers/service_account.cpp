#include "actors/controllers/service_account.hpp"

#include "messages/api/core_config.pb.h"
#include "runtime/rules/access.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using core::v1::Namespace;
using core::v1::ServiceAccount;
using pointer = service_account_actor::stateful_pointer<service_account_state>;

constexpr auto account_name = "default";

void look_at(pointer self, const std::string& key) {
  auto& st = self->state;
  auto space = st.namespaces->find(key);
  if (!space || space.meta().has_deletion_timestamp()
      || st.accounts->find(key + "/" + account_name)) {
    if (space)
      st.loop.why.set(key, "has its service account");
    else
      st.loop.why.forget(key);
    return st.loop.finish(key);
  }
  ServiceAccount account;
  account.mutable_metadata()->set_name(account_name);
  account.mutable_metadata()->set_namespace_(key);
  st.loop.why.set(key, "creates its service account");
  st.loop.create(
      key, object::of(account), [self, key](expected<answer> result) {
        // A namespace may end before we hear of it.
        auto fine = result || is(result.error(), ec::already_exists)
                    || is(result.error(), ec::not_found)
                    || is(result.error(), ec::forbidden);
        self->state.loop.finish(key, fine ? caf::error{} : result.error());
      });
}

} // namespace

service_account_actor::behavior_type service_account(pointer self,
                                                     context ctx) {
  auto& st = self->state;
  st.loop.bind(self, [self](const std::string& key) { look_at(self, key); });
  st.namespaces =
      &st.loop.follow({&kind_of<Namespace>(), {}, {}, {}},
                      [self](const object& before, const object& now) {
                        self->state.loop.mark((now ? now : before).key());
                      });
  st.accounts =
      &st.loop.follow({&kind_of<ServiceAccount>(), {}, {}, {}},
                      [self](const object& before, const object& now) {
                        if (!now)
                          self->state.loop.mark(before.ns());
                      });
  st.loop.open(ctx, rules::controller_user("service-account-controller"));
  return controller(self);
}

} // namespace troupe
