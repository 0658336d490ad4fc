#include "messages/api/core_pod.pb.h"
#include "runtime/rules/ownership.hpp"
#include "runtime/rules/readiness.hpp"
#include "runtime/rules/rollout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace troupe::rules {

namespace {

int size_of(const rollout_set& set) {
  return set.now.spec().replicas();
}

void annotate_size(rollout& work, rollout_set& set) {
  auto& notes = *set.now.mutable_metadata()->mutable_annotations();
  notes[desired_annotation] = std::to_string(work.replicas());
  notes[max_annotation] = std::to_string(work.replicas() + max_surge(work.now));
}

// Kubernetes: IsSaturated.
bool is_saturated(rollout& work) {
  if (!work.current)
    return false;
  const auto& set = work.current->now;
  auto wished = work.replicas();
  return set.spec().replicas() == wished
         && annotated(set.metadata(), desired_annotation) == wished
         && set.status().available_replicas() == wished;
}

// Kubernetes: FindActiveOrLatest. The only set that can take all of a new
// size: the one that has pods, or the newest when none has.
rollout_set* sole_set(rollout& work) {
  auto active = rollout::active(work.all());
  if (active.size() > 1)
    return nullptr;
  if (active.size() == 1)
    return active.front();
  if (work.current)
    return work.current;
  return work.sets.empty() ? nullptr : &work.sets.back();
}

// Kubernetes: getReplicaSetFraction.
int fraction(const rollout& work, const rollout_set& set) {
  auto size = size_of(set);
  if (work.replicas() == 0)
    return -size;
  auto total = work.replicas() + max_surge(work.now);
  auto before = annotated(set.now.metadata(), max_annotation)
                    .value_or(work.now.status().replicas());
  if (before <= 0)
    return 0;
  auto exact = static_cast<double>(size) * total / static_cast<double>(before);
  auto rounded =
      std::min<double>(std::round(exact), std::numeric_limits<int>::max());
  return static_cast<int>(rounded) - size;
}

// Kubernetes: the larger set first; of equal ones the newer when growing, the
// older when shrinking.
set_list by_size(rollout& work, bool newer_first) {
  auto sets = rollout::active(work.all());
  if (newer_first)
    std::reverse(sets.begin(), sets.end());
  std::stable_sort(sets.begin(), sets.end(), [](const auto* a, const auto* b) {
    return size_of(*a) > size_of(*b);
  });
  return sets;
}

void spread(rollout& work) {
  auto active = rollout::active(work.all());
  auto allowed =
      work.replicas() > 0 ? work.replicas() + max_surge(work.now) : 0;
  auto add = allowed - wished_pods(active);
  auto sets = by_size(work, add > 0);
  std::vector<int> sizes;
  int added = 0;
  for (const auto* set : sets) {
    auto rest = add - added;
    auto share = rest == 0 ? 0 : fraction(work, *set);
    share = add > 0 ? std::min(share, rest) : std::max(share, rest);
    sizes.push_back(size_of(*set) + share);
    added += share;
  }
  if (add != 0 && !sizes.empty())
    sizes[0] = std::max(0, sizes[0] + add - added);
  for (size_t i = 0; i < sets.size(); ++i)
    scale_to(work, *sets[i], sizes[i]);
}

// Kubernetes: NewRSNewReplicas.
int grown_size(rollout& work, int from) {
  if (!is_rolling(work.now))
    return work.replicas();
  auto room = work.replicas() + max_surge(work.now) - wished_pods(work.all());
  if (room <= 0)
    return from;
  return from + std::min(room, work.replicas() - from);
}

bool scale_current(rollout& work) {
  auto size = size_of(*work.current);
  if (size == work.replicas())
    return false;
  auto target =
      size > work.replicas() ? work.replicas() : grown_size(work, size);
  return scale_to(work, *work.current, target);
}

// Kubernetes: cleanupUnhealthyReplicas. Old pods that do not serve go first,
// or a rollout could wait for them for ever.
int drop_unavailable(rollout& work, int most) {
  int dropped = 0;
  for (auto* set : work.old()) {
    auto idle = size_of(*set) - set->now.status().available_replicas();
    auto count = std::min(most - dropped, idle);
    if (count <= 0)
      continue;
    scale_to(work, *set, size_of(*set) - count);
    dropped += count;
  }
  return dropped;
}

int drop_available(rollout& work) {
  auto least = work.replicas() - max_unavailable(work.now);
  auto most = available_pods(work.all()) - least;
  int dropped = 0;
  for (auto* set : work.old()) {
    auto count = std::min(most - dropped, size_of(*set));
    if (count <= 0)
      continue;
    scale_to(work, *set, size_of(*set) - count);
    dropped += count;
  }
  return dropped;
}

bool scale_old(rollout& work) {
  if (wished_pods(work.old()) == 0)
    return false;
  auto least = work.replicas() - max_unavailable(work.now);
  auto coming =
      size_of(*work.current) - work.current->now.status().available_replicas();
  auto most = wished_pods(work.all()) - least - coming;
  if (most <= 0)
    return false;
  auto dropped = drop_unavailable(work, most);
  return dropped + drop_available(work) > 0;
}

bool old_pods_run(rollout& work, std::span<const object> pods) {
  if (actual_pods(work.old()) > 0)
    return true;
  return std::any_of(pods.begin(), pods.end(), [&](const object& pod) {
    auto ours = work.current && controlled_by(pod.meta(), work.current->before);
    return !ours && !is_finished(pod.as<core::v1::Pod>());
  });
}

} // namespace

bool scale_to(rollout& work, rollout_set& set, int size) {
  auto before = size_of(set);
  annotate_size(work, set);
  if (before == size)
    return false;
  set.now.mutable_spec()->set_replicas(size);
  auto text = fmt::format("Scaled {} replica set {} from {} to {}",
                          size > before ? "up" : "down",
                          set.now.metadata().name(), before, size);
  work.reason += work.reason.empty() ? "" : "; ";
  work.reason += text;
  work.events.push_back({work.before, false, "ScalingReplicaSet", text});
  return true;
}

bool was_rescaled(rollout& work) {
  auto active = rollout::active(work.all());
  return std::any_of(active.begin(), active.end(), [&](const auto* set) {
    auto desired = annotated(set->now.metadata(), desired_annotation);
    return desired && *desired != work.replicas();
  });
}

void scale_in_proportion(rollout& work) {
  if (auto* only = sole_set(work)) {
    scale_to(work, *only, work.replicas());
    return;
  }
  if (is_saturated(work)) {
    for (auto* set : rollout::active(work.old()))
      scale_to(work, *set, 0);
  } else if (is_rolling(work.now)) {
    spread(work);
  }
}

void roll(rollout& work) {
  make_current(work);
  if (!scale_current(work))
    scale_old(work);
}

void recreate(rollout& work, std::span<const object> pods) {
  bool scaled = false;
  for (auto* set : rollout::active(work.old()))
    scaled |= scale_to(work, *set, 0);
  if (scaled)
    return;
  if (old_pods_run(work, pods)) {
    work.reason = "waits for the old pods to end";
    return;
  }
  make_current(work);
  scale_current(work);
}

std::vector<object> beyond_history(rollout& work) {
  const auto& spec = work.now.spec();
  if (!spec.has_revision_history_limit()
      || spec.revision_history_limit() == std::numeric_limits<int32_t>::max())
    return {};
  set_list candidates;
  for (auto* set : work.old())
    if (!set->now.metadata().has_deletion_timestamp())
      candidates.push_back(set);
  std::stable_sort(
      candidates.begin(), candidates.end(), [](const auto* a, const auto* b) {
        auto revision = [](const auto* set) {
          return annotated(set->now.metadata(), revision_annotation)
              .value_or(0);
        };
        return revision(a) < revision(b);
      });
  auto surplus =
      static_cast<int>(candidates.size()) - spec.revision_history_limit();
  std::vector<object> result;
  for (int i = 0; i < surplus; ++i) {
    const auto& set = candidates[static_cast<size_t>(i)]->now;
    if (set.status().replicas() == 0 && set.spec().replicas() == 0
        && set.metadata().generation() <= set.status().observed_generation())
      result.push_back(candidates[static_cast<size_t>(i)]->before);
  }
  return result;
}

} // namespace troupe::rules
