#include "runtime/rules/replica_tally.hpp"

#include "messages/api/core_pod.pb.h"
#include "runtime/rules/readiness.hpp"

namespace troupe::rules {

void replica_tally::begin(const object& set, std::span<const object> pods) {
  set_ = set;
  counts_ = {};
  strays_ = 0;
  for (const auto& pod : pods)
    add(pod, 1);
}

void replica_tally::change(const object& before, const object& now) {
  if (!set_)
    return;
  if (before)
    add(before, -1);
  if (now)
    add(now, 1);
}

void replica_tally::add(const object& pod, int by) {
  const auto& typed = pod.as<core::v1::Pod>();
  if (pod.ns() != set_.ns() || !is_active(typed))
    return;
  if (!set_selects(set_, pod)) {
    strays_ += by;
    return;
  }
  counts_.replicas += by;
  counts_.labelled += is_of_template(set_, pod) ? by : 0;
  counts_.ready += is_ready(typed) ? by : 0;
  counts_.available = counts_.ready;
}

bool replica_tally::is_settled(const object& set) const {
  // Without minReadySeconds a pod that is ready is available.
  return set_ && set.uid() == set_.uid()
         && set.meta().generation() == set_.meta().generation()
         && !set.meta().has_deletion_timestamp() && strays_ == 0
         && min_ready_of(set).count() == 0
         && counts_.replicas == wished_replicas(set);
}

} // namespace troupe::rules
