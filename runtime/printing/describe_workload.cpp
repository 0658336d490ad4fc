#include "messages/api/apps.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/policy.pb.h"
#include "messages/fields.hpp"
#include "runtime/printing/describe_kinds.hpp"
#include "runtime/text/int_or_string.hpp"
#include "runtime/text/selector.hpp"

#include <algorithm>

namespace troupe::printing {

namespace {

using apps::v1::Deployment;
using apps::v1::ReplicaSet;
using core::v1::Pod;
using core::v1::PodTemplateSpec;

constexpr const char* hash_label = "pod-template-hash";

bool owned_by(const object& x, const std::string& uid) {
  for (const auto& owner : x.meta().owner_references())
    if (owner.controller() && owner.uid() == uid)
      return true;
  return false;
}

bool same_template(const PodTemplateSpec& a, const PodTemplateSpec& b) {
  auto bare = a;
  bare.mutable_metadata()->mutable_labels()->erase(hash_label);
  auto other = b;
  other.mutable_metadata()->mutable_labels()->erase(hash_label);
  return canonical_equal(bare, other);
}

std::string sets_text(const std::vector<object>& sets) {
  auto result = join(sets, ", ", [](const object& x) {
    const auto& set = x.as<ReplicaSet>();
    return fmt::format("{} ({}/{} replicas created)", x.name(),
                       set.status().replicas(), set.spec().replicas());
  });
  return or_else(result, none);
}

/// The sets of a deployment: the older ones, and the one of its present
/// template (the oldest of equals, as the controller takes it).
void describe_sets(description& d, const subject& x) {
  std::vector<object> own;
  for (auto& set : x.all<ReplicaSet>())
    if (owned_by(set, x.what.uid()))
      own.push_back(std::move(set));
  std::stable_sort(own.begin(), own.end(), [](const auto& a, const auto& b) {
    auto made = [](const object& o) {
      return o.meta().creation_timestamp().seconds();
    };
    return std::pair{made(a), a.name()} < std::pair{made(b), b.name()};
  });
  const auto& present = x.what.as<Deployment>().spec().template_();
  auto newest = std::find_if(own.begin(), own.end(), [&](const auto& set) {
    return same_template(set.template as<ReplicaSet>().spec().template_(),
                         present);
  });
  std::vector<object> current;
  if (newest != own.end()) {
    current.push_back(*newest);
    own.erase(newest);
  }
  d.line(0, "OldReplicaSets:\t{}", sets_text(own));
  d.line(0, "NewReplicaSet:\t{}", sets_text(current));
}

void describe_pod_counts(description& d, const subject& x) {
  int running = 0;
  int waiting = 0;
  int succeeded = 0;
  int failed = 0;
  for (const auto& pod : x.all<Pod>()) {
    if (!owned_by(pod, x.what.uid()))
      continue;
    const auto& phase = pod.as<Pod>().status().phase();
    running += phase == "Running" ? 1 : 0;
    waiting += phase == "Pending" ? 1 : 0;
    succeeded += phase == "Succeeded" ? 1 : 0;
    failed += phase == "Failed" ? 1 : 0;
  }
  d.line(0, "Pods Status:\t{} Running / {} Waiting / {} Succeeded / {} Failed",
         running, waiting, succeeded, failed);
}

/// ReplicaSet and ReplicationController but for the selector.
template <class T>
void describe_replicas(description& d, const subject& x,
                       const std::string& selector) {
  const auto& set = x.what.as<T>();
  describe_name(d, x.what);
  d.line(0, "Selector:\t{}", selector);
  describe_labels(d, "Labels", set.metadata().labels());
  describe_annotations(d, set.metadata().annotations());
  describe_controller(d, set.metadata());
  d.line(0, "Replicas:\t{} current / {} desired", set.status().replicas(),
         set.spec().replicas());
  describe_pod_counts(d, x);
  describe_template(d, set.spec().template_());
  describe_conditions(d, set.status().conditions());
}

} // namespace

void describe_deployment(description& d, const subject& x) {
  const auto& set = x.what.as<Deployment>();
  const auto& spec = set.spec();
  const auto& status = set.status();
  describe_name(d, x.what);
  d.line(0, "CreationTimestamp:\t{}",
         date_text(set.metadata().creation_timestamp()));
  describe_labels(d, "Labels", set.metadata().labels());
  describe_annotations(d, set.metadata().annotations());
  d.line(0, "Selector:\t{}", selector_text(spec.selector()));
  d.line(0,
         "Replicas:\t{} desired | {} updated | {} total | {} available | {} "
         "unavailable",
         spec.replicas(), status.updated_replicas(), status.replicas(),
         status.available_replicas(), status.unavailable_replicas());
  d.line(0, "StrategyType:\t{}", spec.strategy().type());
  d.line(0, "MinReadySeconds:\t{}", spec.min_ready_seconds());
  if (spec.strategy().has_rolling_update()) {
    const auto& update = spec.strategy().rolling_update();
    d.line(0, "RollingUpdateStrategy:\t{} max unavailable, {} max surge",
           text::int_or_string_text(update.max_unavailable()),
           text::int_or_string_text(update.max_surge()));
  }
  describe_template(d, spec.template_());
  describe_conditions(d, status.conditions());
  describe_sets(d, x);
}

void describe_disruption_budget(description& d, const subject& x) {
  const auto& budget = x.what.as<policy::v1::PodDisruptionBudget>();
  const auto& spec = budget.spec();
  describe_name(d, x.what);
  if (spec.has_min_available())
    d.line(0, "Min available:\t{}",
           text::int_or_string_text(spec.min_available()));
  else if (spec.has_max_unavailable())
    d.line(0, "Max unavailable:\t{}",
           text::int_or_string_text(spec.max_unavailable()));
  d.line(0, "Selector:\t{}",
         spec.has_selector() ? selector_text(spec.selector()) : "<unset>");
  const auto& status = budget.status();
  d.line(0, "Status:");
  d.line(2, "Allowed disruptions:\t{}", status.disruptions_allowed());
  d.line(2, "Current:\t{}", status.current_healthy());
  d.line(2, "Desired:\t{}", status.desired_healthy());
  d.line(2, "Total:\t{}", status.expected_pods());
}

void describe_replica_set(description& d, const subject& x) {
  describe_replicas<ReplicaSet>(
      d, x, selector_text(x.what.as<ReplicaSet>().spec().selector()));
}

void describe_replication_controller(description& d, const subject& x) {
  using core::v1::ReplicationController;
  describe_replicas<ReplicationController>(
      d, x, labels_text(x.what.as<ReplicationController>().spec().selector()));
}

} // namespace troupe::printing
