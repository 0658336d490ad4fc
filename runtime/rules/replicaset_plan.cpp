#include "runtime/rules/replicaset_plan.hpp"

#include "messages/api/apps.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/conditions.hpp"
#include "runtime/rules/deletion_rank.hpp"
#include "runtime/rules/label_match.hpp"
#include "runtime/rules/ownership.hpp"
#include "runtime/rules/readiness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

namespace troupe::rules {

namespace {

using apps::v1::ReplicaSet;
using core::v1::Pod;
using core::v1::ReplicationController;

// Kubernetes: burstReplicas, the most pods created or deleted at once.
constexpr size_t burst = 500;

bool is_replica_set(const object& set) {
  return &set.kind() == &kind_of<ReplicaSet>();
}

// Calls `f` with the set as what it is; both types name their fields alike.
template <class F>
auto visit(const object& set, F&& f) {
  return is_replica_set(set) ? f(set.as<ReplicaSet>())
                             : f(set.as<ReplicationController>());
}

bool matches(const ReplicaSet& set, const label_map& labels) {
  // Kubernetes: a set without requirements would own every pod; it owns none.
  return !selects_everything(set.spec().selector())
         && selects(set.spec().selector(), labels);
}

bool matches(const ReplicationController& set, const label_map& labels) {
  return !set.spec().selector().empty()
         && contains(labels, set.spec().selector());
}

object make_pod(const object& set, const core::v1::PodTemplateSpec& from,
                uint64_t slot) {
  Pod pod;
  auto* meta = pod.mutable_metadata();
  auto base = set.name() + "-";
  meta->set_name(generated_name(base, set.uid(), set.revision(), slot));
  meta->set_generate_name(base);
  meta->set_namespace_(set.ns());
  *meta->mutable_labels() = from.metadata().labels();
  *meta->mutable_annotations() = from.metadata().annotations();
  *meta->mutable_finalizers() = from.metadata().finalizers();
  *meta->add_owner_references() = controller_reference(set);
  *pod.mutable_spec() = from.spec();
  return object::of(pod);
}

std::vector<object> make_pods(const object& set, std::span<const object> pods,
                              size_t count) {
  std::unordered_set<std::string> taken;
  for (const auto& pod : pods)
    if (pod.ns() == set.ns())
      taken.insert(pod.name());
  std::vector<object> result;
  visit(set, [&](const auto& typed) {
    for (uint64_t slot = 0; result.size() < count; ++slot) {
      auto pod = make_pod(set, typed.spec().template_(), slot);
      if (taken.insert(pod.name()).second)
        result.push_back(std::move(pod));
    }
  });
  return result;
}

// Sorts the pods into those that are ours and those whose owner changes.
void claim_pods(const object& set, std::span<const object> pods,
                replica_plan& plan) {
  for (const auto& pod : pods) {
    if (pod.ns() != set.ns() || !is_active(pod.as<Pod>()))
      continue;
    auto verdict = claim_of(pod.meta(), set, set_selects(set, pod));
    if (verdict == claim::keep) {
      plan.counted.push_back(pod);
    } else if (verdict == claim::adopt) {
      auto changed = pod.copy<Pod>();
      adopt(*changed.mutable_metadata(), set);
      plan.adopted.push_back(object::of(changed));
    } else if (verdict == claim::release) {
      auto changed = pod.copy<Pod>();
      release(*changed.mutable_metadata(), set.uid());
      plan.released.push_back(object::of(changed));
    }
  }
}

std::optional<time_point> next_available(std::span<const object> pods,
                                         std::chrono::seconds min_ready,
                                         time_point now) {
  std::optional<time_point> result;
  for (const auto& pod : pods) {
    auto from = available_from(pod.as<Pod>(), min_ready);
    if (from && *from > now && (!result || *from < *result))
      result = from;
  }
  return result;
}

template <class Set>
std::optional<object>
new_status(const object& set, const replica_counts& counts,
           const replica_failure& failure, time_point now) {
  auto changed = set.copy<Set>();
  auto* status = changed.mutable_status();
  status->set_replicas(counts.replicas);
  status->set_fully_labeled_replicas(counts.labelled);
  status->set_ready_replicas(counts.ready);
  status->set_available_replicas(counts.available);
  status->set_observed_generation(changed.metadata().generation());
  auto* conditions = status->mutable_conditions();
  if (failure.reason.empty())
    remove_condition(*conditions, "ReplicaFailure");
  else if (!find_condition(*conditions, "ReplicaFailure"))
    set_condition(*conditions, "ReplicaFailure", "True", failure.reason,
                  failure.message, now);
  if (canonical_equal(changed.status(), set.as<Set>().status()))
    return std::nullopt;
  return object::of(changed);
}

} // namespace

bool set_selects(const object& set, const object& pod) {
  return visit(set, [&](const auto& typed) {
    return matches(typed, pod.meta().labels());
  });
}

bool is_of_template(const object& set, const object& pod) {
  return visit(set, [&](const auto& typed) {
    return contains(pod.meta().labels(),
                    typed.spec().template_().metadata().labels());
  });
}

int wished_replicas(const object& set) {
  return visit(set, [](const auto& typed) {
    return typed.spec().has_replicas() ? std::max(0, typed.spec().replicas())
                                       : 1;
  });
}

std::chrono::seconds min_ready_of(const object& set) {
  return std::chrono::seconds{visit(
      set, [](const auto& typed) { return typed.spec().min_ready_seconds(); })};
}

replica_plan plan_replicas(const object& set, std::span<const object> pods,
                           const std::function<std::vector<object>()>& related,
                           time_point now) {
  replica_plan plan;
  claim_pods(set, pods, plan);
  auto want = static_cast<size_t>(wished_replicas(set));
  auto have = plan.counted.size();
  plan.look_again = next_available(plan.counted, min_ready_of(set), now);
  if (!plan.adopted.empty() || !plan.released.empty()) {
    plan.reason = fmt::format("adopts {} pods and releases {} first",
                              plan.adopted.size(), plan.released.size());
  } else if (set.meta().has_deletion_timestamp()) {
    plan.reason = fmt::format("is being deleted, leaves its {} pods", have);
  } else if (have < want) {
    plan.created = make_pods(set, pods, std::min(want - have, burst));
    plan.reason = fmt::format("wants {} pods, has {}: creates {}", want, have,
                              plan.created.size());
  } else if (have > want) {
    plan.deleted =
        rank_for_deletion(plan.counted, count_per_node(related()), now);
    plan.deleted.resize(std::min(have - want, burst));
    plan.reason = fmt::format("wants {} pods, has {}: deletes {}", want, have,
                              plan.deleted.size());
  } else {
    plan.reason = settled_reason(want);
  }
  return plan;
}

std::string settled_reason(size_t pods) {
  return fmt::format("wants {} pods and has them", pods);
}

replica_counts count_replicas(const object& set,
                              std::span<const object> counted, time_point now) {
  replica_counts result;
  result.replicas = static_cast<int>(counted.size());
  auto min_ready = min_ready_of(set);
  for (const auto& pod : counted) {
    result.labelled += is_of_template(set, pod);
    auto from = available_from(pod.as<Pod>(), min_ready);
    result.ready += from.has_value();
    result.available += from && *from <= now;
  }
  return result;
}

std::optional<object> replica_status(const object& set,
                                     const replica_counts& counts,
                                     const replica_failure& failure,
                                     time_point now) {
  return is_replica_set(set)
             ? new_status<ReplicaSet>(set, counts, failure, now)
             : new_status<ReplicationController>(set, counts, failure, now);
}

} // namespace troupe::rules
