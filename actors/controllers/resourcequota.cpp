#include "actors/controllers/resourcequota.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/access.hpp"
#include "runtime/rules/quota_plan.hpp"
#include "runtime/rules/quota_usage.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using core::v1::Pod;
using core::v1::ResourceQuota;
using pointer = resourcequota_actor::stateful_pointer<resourcequota_state>;

// Kubernetes: --resource-quota-sync-period. Counts anew even when nothing was
// heard.
constexpr std::chrono::minutes sync_period{5};

bool counts(const object& quota, const kind_info& kind) {
  auto& hard = quota.as<ResourceQuota>().spec().hard();
  return std::any_of(hard.begin(), hard.end(), [&](auto& entry) {
    return rules::takes_of(kind, entry.first);
  });
}

// Creations were charged when they were written. Kubernetes: a change counts
// where it gives something back.
bool may_give_back(pointer self, const change& x) {
  if (x.type == change_type::deleted)
    return true;
  if (x.type == change_type::added)
    return false;
  if (&x.what.kind() != &kind_of<Pod>())
    return true;
  return x.what.meta().has_deletion_timestamp()
         || !rules::takes_compute(x.what.as<Pod>(), self->state.loop.now());
}

void on_objects(pointer self, const kind_info& kind, const changes& batch) {
  auto& st = self->state;
  std::set<std::string> spaces;
  for (auto& x : batch.items)
    if (may_give_back(self, x))
      spaces.insert(x.what.ns());
  for (auto& ns : spaces)
    for (auto& quota : st.quotas->in(ns))
      if (counts(quota, kind))
        st.loop.mark(quota.key());
}

void follow_counted(pointer self, const object& quota) {
  auto& st = self->state;
  for (auto* kind : rules::counted_kinds(quota))
    if (kind != &kind_of<ResourceQuota>() && st.followed.insert(kind).second)
      st.loop.follow_only({kind, {}, {}, {}},
                          [self, kind](const changes& batch) {
                            on_objects(self, *kind, batch);
                          });
}

void on_quota(pointer self, const object& before, const object& now) {
  auto& st = self->state;
  if (now)
    follow_counted(self, now);
  // Quotas are counted, too.
  if (!before || !now)
    for (auto& other : st.quotas->in((now ? now : before).ns()))
      if (counts(other, kind_of<ResourceQuota>()))
        st.loop.mark(other.key());
  if (!before || !now
      || !canonical_equal(before.as<ResourceQuota>().spec(),
                          now.as<ResourceQuota>().spec()))
    st.loop.mark((now ? now : before).key());
}

void write_status(pointer self, const std::string& key, const object& counted) {
  self->state.loop.update_status(
      key, counted, [self, key](expected<answer> result) {
        auto fine = result || is(result.error(), ec::not_found);
        self->state.loop.finish(key, fine ? caf::error{} : result.error());
      });
}

void decide(pointer self, const std::string& key,
            const std::vector<object>& objects) {
  auto& st = self->state;
  auto quota = st.quotas->find(key);
  if (!quota) {
    st.loop.why.forget(key);
    return st.loop.finish(key);
  }
  auto plan = rules::plan_quota(quota, objects, st.loop.now());
  st.loop.why.set(key, "counted " + std::to_string(objects.size())
                           + " objects of its namespace");
  auto next = st.loop.now() + sync_period;
  st.loop.mark_at(key, std::min(plan.look_again.value_or(next), next));
  if (plan.status)
    write_status(self, key, *plan.status);
  else
    st.loop.finish(key);
}

// The newest state: what the quota was charged for is in it.
void look_at(pointer self, const std::string& key) {
  auto& st = self->state;
  auto quota = st.quotas->find(key);
  if (!quota)
    return decide(self, key, {});
  auto objects = std::make_shared<std::vector<object>>();
  gathering all{[self, key, objects](const caf::error& err) {
    if (err)
      self->state.loop.finish(key, err);
    else
      decide(self, key, *objects);
  }};
  for (auto* kind : rules::counted_kinds(quota)) {
    auto listed = all.expect();
    st.loop.api().list(
        {kind, quota.ns(), {}, {}}, [objects, listed](expected<answer> result) {
          if (result)
            objects->insert(objects->end(), result->objects.begin(),
                            result->objects.end());
          listed(std::move(result));
        });
  }
  all.close();
}

} // namespace

resourcequota_actor::behavior_type resourcequota(pointer self, context ctx) {
  auto& st = self->state;
  st.loop.bind(self, [self](const std::string& key) { look_at(self, key); });
  st.quotas = &st.loop.follow({&kind_of<ResourceQuota>(), {}, {}, {}},
                              [self](const object& before, const object& now) {
                                on_quota(self, before, now);
                              });
  st.loop.open(ctx, rules::controller_user("resourcequota-controller"));
  return controller(self);
}

} // namespace troupe
