#include "actors/controllers/disruption.hpp"

#include "messages/api/apps.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/policy.pb.h"
#include "runtime/rules/access.hpp"
#include "runtime/rules/disruption_plan.hpp"
#include "runtime/rules/label_match.hpp"
#include "runtime/rules/readiness.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using core::v1::Pod;
using policy::v1::PodDisruptionBudget;
using pointer = disruption_actor::stateful_pointer<disruption_state>;

void mark_guards(pointer self, const object& pod) {
  auto& st = self->state;
  for (const auto& budget : st.budgets->in(pod.ns()))
    if (rules::is_guarded(budget, pod))
      st.loop.mark(budget.key());
}

// Whether a budget could count the pod differently.
bool is_same_to_budgets(const object& a, const object& b) {
  return a.uid() == b.uid()
         && rules::is_ready(a.as<Pod>()) == rules::is_ready(b.as<Pod>())
         && a.meta().has_deletion_timestamp()
                == b.meta().has_deletion_timestamp()
         && a.meta().owner_references_size() == b.meta().owner_references_size()
         && rules::same_labels(a.meta().labels(), b.meta().labels());
}

void on_pod(pointer self, const object& before, const object& now) {
  if (before && now && is_same_to_budgets(before, now))
    return;
  if (before)
    mark_guards(self, before);
  if (now)
    mark_guards(self, now);
}

// What it asks for may be what a budget's share is of.
void on_owner(pointer self, const object& before, const object& now) {
  if (before && now && before.meta().generation() == now.meta().generation())
    return;
  auto& st = self->state;
  for (const auto& budget : st.budgets->in((now ? now : before).ns()))
    st.loop.mark(budget.key());
}

template <class T>
void follow_owner(pointer self) {
  auto& st = self->state;
  st.owners.push_back(
      &st.loop.follow({&kind_of<T>(), {}, {}, {}},
                      [self](const object& before, const object& now) {
                        on_owner(self, before, now);
                      }));
}

// Where there are no budgets, nobody need know of pods.
void follow_pods(pointer self) {
  auto& st = self->state;
  if (st.pods != nullptr)
    return;
  st.pods = &st.loop.follow({&kind_of<Pod>(), {}, {}, {}},
                            [self](const object& before, const object& now) {
                              on_pod(self, before, now);
                            });
  follow_owner<apps::v1::ReplicaSet>(self);
  follow_owner<apps::v1::Deployment>(self);
  follow_owner<apps::v1::StatefulSet>(self);
  follow_owner<core::v1::ReplicationController>(self);
}

object find_owner(const disruption_state& st, const std::string& ns,
                  const std::string& kind, const std::string& name,
                  const std::string& uid) {
  for (const auto* view : st.owners) {
    auto found = view->find(ns + "/" + name);
    if (found && found.kind().kind == kind && found.uid() == uid)
      return found;
  }
  return {};
}

void write_status(pointer self, const std::string& key, const object& changed) {
  self->state.loop.update_status(
      key, changed, [self, key](expected<answer> result) {
        auto fine = result || is(result.error(), ec::not_found);
        self->state.loop.finish(key, fine ? caf::error{} : result.error());
      });
}

void look_at(pointer self, const std::string& key) {
  auto& st = self->state;
  auto budget = st.budgets->find(key);
  if (!budget) {
    st.loop.why.forget(key);
    return st.loop.finish(key);
  }
  std::vector<object> pods;
  for (auto& pod : st.pods->in(budget.ns()))
    if (rules::is_guarded(budget, pod))
      pods.push_back(std::move(pod));
  auto plan = rules::plan_disruptions(
      budget, pods,
      [&st](const std::string& ns, const std::string& kind,
            const std::string& name, const std::string& uid) {
        return find_owner(st, ns, kind, name, uid);
      },
      st.loop.now());
  st.loop.why.set(key, plan.reason);
  st.loop.tell(plan.events);
  if (plan.look_again)
    st.loop.mark_at(key, *plan.look_again);
  if (plan.status)
    write_status(self, key, *plan.status);
  else
    st.loop.finish(key);
}

} // namespace

disruption_actor::behavior_type disruption(pointer self, context ctx) {
  auto& st = self->state;
  st.loop.bind(self, [self](const std::string& key) { look_at(self, key); });
  st.budgets =
      &st.loop.follow({&kind_of<PodDisruptionBudget>(), {}, {}, {}},
                      [self](const object& before, const object& now) {
                        follow_pods(self);
                        self->state.loop.mark((now ? now : before).key());
                      });
  st.loop.open(ctx, rules::controller_user("disruption-controller"));
  return controller(self);
}

} // namespace troupe
