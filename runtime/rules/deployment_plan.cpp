#include "runtime/rules/deployment_plan.hpp"

#include "messages/api/apps.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/conditions.hpp"
#include "runtime/rules/label_match.hpp"
#include "runtime/rules/ownership.hpp"
#include "runtime/rules/rollout.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::rules {

namespace {

using apps::v1::Deployment;
using apps::v1::ReplicaSet;

// Sorts the sets into ours, oldest first, and those whose owner changes.
void claim_sets(rollout& work, std::span<const object> sets,
                deployment_plan& plan) {
  std::vector<object> ours;
  for (const auto& set : sets) {
    if (set.ns() != work.before.ns())
      continue;
    auto verdict =
        claim_of(set.meta(), work.before, deployment_selects(work.before, set));
    auto changed = set.copy<ReplicaSet>();
    if (verdict == claim::keep) {
      ours.push_back(set);
    } else if (verdict == claim::adopt) {
      adopt(*changed.mutable_metadata(), work.before);
      plan.adopted.push_back(object::of(changed));
    } else if (verdict == claim::release) {
      release(*changed.mutable_metadata(), work.before.uid());
      plan.released.push_back(object::of(changed));
    }
  }
  std::sort(ours.begin(), ours.end(), [](const auto& a, const auto& b) {
    auto key = [](const object& set) {
      return std::pair{set.meta().creation_timestamp().seconds(), set.name()};
    };
    return key(a) < key(b);
  });
  for (const auto& set : ours)
    work.sets.push_back({set, set.copy<ReplicaSet>()});
}

void decide(rollout& work, std::span<const object> pods,
            deployment_plan& plan) {
  note_pause(work);
  find_current(work);
  if (work.now.spec().paused() || was_rescaled(work)) {
    scale_in_proportion(work);
    if (work.now.spec().paused())
      plan.deleted = beyond_history(work);
    count_status(work);
    return;
  }
  if (is_rolling(work.now))
    roll(work);
  else
    recreate(work, pods);
  if (is_complete(work.now, work.now.status()))
    plan.deleted = beyond_history(work);
  judge_progress(work);
}

void collect(rollout& work, deployment_plan& plan) {
  for (auto& set : work.sets) {
    if (!set.before)
      plan.created = object::of(set.now);
    else if (!canonical_equal(set.now, set.before.as<ReplicaSet>()))
      plan.updated.push_back(object::of(set.now));
  }
  const auto& before = work.before.as<Deployment>();
  if (!canonical_equal(work.now.metadata(), before.metadata())) {
    auto annotated = before;
    *annotated.mutable_metadata() = work.now.metadata();
    plan.annotated = object::of(annotated);
  }
  if (!canonical_equal(work.now.status(), before.status()))
    plan.status = object::of(work.now);
  plan.events = std::move(work.events);
  plan.look_again = deadline_of(work.now);
}

std::string in_words(const rollout& work) {
  if (!work.reason.empty())
    return work.reason;
  const auto& status = work.now.status();
  if (work.now.spec().paused())
    return "is paused";
  if (is_complete(work.now, status))
    return fmt::format("wants {} pods of the current template and has them",
                       work.replicas());
  return fmt::format("waits: {} of {} pods are of the current template, {} "
                     "are available",
                     status.updated_replicas(), work.replicas(),
                     status.available_replicas());
}

} // namespace

bool deployment_selects(const object& deployment, const object& set) {
  const auto& selector = deployment.as<Deployment>().spec().selector();
  return !selects_everything(selector)
         && selects(selector, set.meta().labels());
}

deployment_plan plan_deployment(const object& deployment,
                                std::span<const object> sets,
                                std::span<const object> pods, time_point now) {
  deployment_plan plan;
  rollout work;
  work.before = deployment;
  work.now = deployment.copy<Deployment>();
  if (!work.now.spec().has_replicas())
    work.now.mutable_spec()->set_replicas(1);
  work.when = now;
  claim_sets(work, sets, plan);
  if (!plan.adopted.empty() || !plan.released.empty()) {
    plan.reason = fmt::format("adopts {} replica sets and releases {} first",
                              plan.adopted.size(), plan.released.size());
    return plan;
  }
  if (deployment.meta().has_deletion_timestamp()) {
    find_current(work);
    count_status(work);
    work.reason = "is being deleted";
  } else {
    decide(work, pods, plan);
  }
  collect(work, plan);
  plan.reason = in_words(work);
  return plan;
}

std::optional<object> after_collision(const object& deployment,
                                      const object& existing) {
  const auto& typed = deployment.as<Deployment>();
  if (controlled_by(existing.meta(), deployment)
      && same_template(existing.as<ReplicaSet>().spec().template_(),
                       typed.spec().template_()))
    return std::nullopt;
  auto changed = typed;
  auto* status = changed.mutable_status();
  status->set_collision_count(status->collision_count() + 1);
  return object::of(changed);
}

std::optional<object> after_failed_create(const object& deployment,
                                          const std::string& set_name,
                                          const std::string& why,
                                          time_point now) {
  auto changed = deployment.copy<Deployment>();
  if (!has_deadline(changed))
    return std::nullopt;
  put_condition(
      *changed.mutable_status(), "Progressing", "False",
      "ReplicaSetCreateError",
      fmt::format("Failed to create new replica set \"{}\": {}", set_name, why),
      now);
  if (canonical_equal(changed.status(), deployment.as<Deployment>().status()))
    return std::nullopt;
  return object::of(changed);
}

} // namespace troupe::rules
