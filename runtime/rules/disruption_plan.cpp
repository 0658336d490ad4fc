#include "runtime/rules/disruption_plan.hpp"

#include "messages/api/apps.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/policy.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/conditions.hpp"
#include "runtime/rules/label_match.hpp"
#include "runtime/rules/ownership.hpp"
#include "runtime/rules/readiness.hpp"
#include "runtime/text/int_or_string.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace troupe::rules {

namespace {

using core::v1::Pod;
using policy::v1::PodDisruptionBudget;
using policy::v1::PodDisruptionBudgetStatus;
using text::rounding;

constexpr auto allowed_condition = "DisruptionAllowed";

/// How many pods there should be, and how many of them healthy.
struct wanted_pods {
  int32_t expected = 0;
  int32_t healthy = 0;
  std::vector<std::string> unmanaged; ///< pods without a controller
};

bool needs_scale(const policy::v1::PodDisruptionBudgetSpec& spec) {
  return spec.has_max_unavailable()
         || (spec.has_min_available() && text::is_string(spec.min_available()));
}

template <class T>
std::optional<int32_t> replicas_of(const object& what) {
  if (&what.kind() != &kind_of<T>())
    return std::nullopt;
  auto& spec = what.as<T>().spec();
  return spec.has_replicas() ? spec.replicas() : 1;
}

std::optional<int32_t> scale_of_owner(const object& what) {
  for (auto found : {replicas_of<apps::v1::ReplicaSet>(what),
                     replicas_of<apps::v1::Deployment>(what),
                     replicas_of<apps::v1::StatefulSet>(what),
                     replicas_of<core::v1::ReplicationController>(what)})
    if (found)
      return found;
  return std::nullopt;
}

object find_owner(const object& what, const owner_finder& find) {
  auto* ref = controller_of(what.meta());
  if (ref == nullptr)
    return {};
  return find(what.ns(), ref->kind(), ref->name(), ref->uid());
}

/// Returns what decides how many pods like this there are: Kubernetes looks
/// from a replica set to its deployment.
object deciding_owner(const object& pod, const owner_finder& find) {
  auto owner = find_owner(pod, find);
  if (!owner)
    return owner;
  auto above = find_owner(owner, find);
  return above && scale_of_owner(above) ? above : owner;
}

/// Sums up what the controllers of the pods ask for.
caf::error count_scale(std::span<const object> pods, const owner_finder& find,
                       wanted_pods& wanted) {
  std::map<std::string, int32_t> scales;
  for (auto& pod : pods) {
    if (controller_of(pod.meta()) == nullptr) {
      wanted.unmanaged.push_back(pod.name());
      continue;
    }
    auto owner = deciding_owner(pod, find);
    auto scale = owner ? scale_of_owner(owner) : std::nullopt;
    if (!scale)
      return make_error(ec::not_found,
                        "found no controllers for pod \"" + pod.name() + "\"");
    scales[owner.uid()] = *scale;
  }
  for (auto& [uid, scale] : scales)
    wanted.expected += scale;
  return caf::none;
}

/// Kubernetes: shares are rounded up, of what must stay and of what may go.
expected<wanted_pods> count_wanted(const PodDisruptionBudget& budget,
                                   std::span<const object> pods,
                                   const owner_finder& find) {
  wanted_pods result;
  auto& spec = budget.spec();
  if (!needs_scale(spec)) {
    // With neither of the two nothing may go.
    if (spec.has_min_available())
      result.expected = static_cast<int32_t>(pods.size());
    result.healthy = spec.min_available().int_val();
    return result;
  }
  if (auto err = count_scale(pods, find, result))
    return err;
  auto& share = spec.has_max_unavailable() ? spec.max_unavailable()
                                           : spec.min_available();
  auto number = text::scaled_value(share, result.expected, rounding::up);
  if (!number)
    return number.error();
  result.healthy = spec.has_max_unavailable()
                       ? std::max(result.expected - *number, 0)
                       : *number;
  return result;
}

time_point given_up_at(const meta::v1::Time& evicted) {
  return from_time(evicted) + eviction_patience;
}

/// Keeps the evicted pods that are not on their way yet and may still go.
void keep_evicted(const PodDisruptionBudgetStatus& before,
                  std::span<const object> pods, time_point now,
                  PodDisruptionBudgetStatus& status, disruption_plan& plan) {
  for (auto& pod : pods) {
    auto found = before.disrupted_pods().find(pod.name());
    if (found == before.disrupted_pods().end()
        || pod.meta().has_deletion_timestamp())
      continue;
    auto end = given_up_at(found->second);
    if (end <= now)
      continue;
    (*status.mutable_disrupted_pods())[pod.name()] = found->second;
    if (!plan.look_again || end < *plan.look_again)
      plan.look_again = end;
  }
}

int32_t count_healthy(std::span<const object> pods,
                      const PodDisruptionBudgetStatus& status) {
  auto healthy = [&](const object& pod) {
    return !pod.meta().has_deletion_timestamp()
           && !status.disrupted_pods().contains(pod.name())
           && is_ready(pod.as<Pod>());
  };
  return static_cast<int32_t>(std::count_if(pods.begin(), pods.end(), healthy));
}

void set_allowed(PodDisruptionBudget& budget, bool allowed,
                 const std::string& reason, const std::string& message,
                 time_point now) {
  auto& list = *budget.mutable_status()->mutable_conditions();
  set_condition(list, allowed_condition, allowed ? "True" : "False", reason,
                message, now);
  find_condition(list, allowed_condition)
      ->set_observed_generation(budget.status().observed_generation());
}

void tell_allowed(PodDisruptionBudget& budget, time_point now) {
  auto allowed = budget.status().disruptions_allowed() > 0;
  set_allowed(budget, allowed, allowed ? "SufficientPods" : "InsufficientPods",
              "", now);
}

/// Kubernetes: where nobody can tell, nothing may go.
void fail_safe(const object& budget, PodDisruptionBudget& changed,
               const caf::error& why, time_point now, disruption_plan& plan) {
  auto message = message_of(why);
  plan.events.push_back(
      {budget, true, "CalculateExpectedPodCountFailed",
       "Failed to calculate the number of expected pods: " + message});
  changed.mutable_status()->set_disruptions_allowed(0);
  set_allowed(changed, false, "SyncFailed", message, now);
  plan.reason = "allows no disruption: " + message;
}

void count(const object& budget, PodDisruptionBudget& changed,
           std::span<const object> pods, const wanted_pods& wanted,
           time_point now, disruption_plan& plan) {
  auto before = changed.status();
  auto& status = *changed.mutable_status();
  status.clear_disrupted_pods();
  keep_evicted(before, pods, now, status, plan);
  status.set_observed_generation(budget.meta().generation());
  status.set_expected_pods(wanted.expected);
  status.set_desired_healthy(wanted.healthy);
  status.set_current_healthy(count_healthy(pods, status));
  auto spare = status.current_healthy() - wanted.healthy;
  status.set_disruptions_allowed(wanted.expected > 0 ? std::max(spare, 0) : 0);
  tell_allowed(changed, now);
  plan.reason = fmt::format(
      "allows {} disruptions: {} of {} expected pods are healthy, {} must be",
      status.disruptions_allowed(), status.current_healthy(), wanted.expected,
      wanted.healthy);
}

// -- eviction ----------------------------------------------------------------

constexpr auto too_many = "Cannot evict pod as it would violate the pod's "
                          "disruption budget.";

caf::error refused(const std::string& why, int32_t retry_after) {
  meta::v1::StatusDetails details;
  auto* cause = details.add_causes();
  cause->set_reason("DisruptionBudget");
  cause->set_message(why);
  details.set_retry_after_seconds(retry_after);
  return make_error(ec::too_many_requests, too_many, details);
}

/// Kubernetes: a pod that serves nobody may go whatever a budget says.
bool is_free(const Pod& pod) {
  auto& phase = pod.status().phase();
  return phase == "Succeeded" || phase == "Failed" || phase == "Pending"
         || pod.metadata().has_deletion_timestamp();
}

/// A pod that is not ready costs a budget nothing, if that says so or is kept
/// without it.
bool costs_nothing(const PodDisruptionBudget& budget, const Pod& pod) {
  if (is_ready(pod))
    return false;
  auto& status = budget.status();
  return budget.spec().unhealthy_pod_eviction_policy() == "AlwaysAllow"
         || (status.desired_healthy() > 0
             && status.current_healthy() >= status.desired_healthy());
}

expected<object> paid(const object& budget, const object& pod, time_point now) {
  auto& name = budget.name();
  auto changed = budget.copy<PodDisruptionBudget>();
  auto& status = *changed.mutable_status();
  if (status.observed_generation() < budget.meta().generation())
    return refused("The disruption budget " + name
                       + " is still being processed by the server.",
                   10);
  if (status.disruptions_allowed() <= 0)
    return refused(
        fmt::format("The disruption budget {} needs {} healthy pods and has {} "
                    "currently",
                    name, status.desired_healthy(), status.current_healthy()),
        0);
  status.set_disruptions_allowed(status.disruptions_allowed() - 1);
  if (status.disruptions_allowed() == 0)
    tell_allowed(changed, now);
  (*status.mutable_disrupted_pods())[pod.name()] = to_time(now);
  return object::of(changed);
}

} // namespace

bool is_guarded(const object& budget, const object& pod) {
  auto& typed = budget.as<PodDisruptionBudget>();
  return budget.ns() == pod.ns() && typed.spec().has_selector()
         && selects(typed.spec().selector(), pod.meta().labels());
}

disruption_plan plan_disruptions(const object& budget,
                                 std::span<const object> pods,
                                 const owner_finder& find, time_point now) {
  disruption_plan plan;
  auto changed = budget.copy<PodDisruptionBudget>();
  if (pods.empty())
    plan.events.push_back({budget, false, "NoPods", "No matching pods found"});
  auto wanted = count_wanted(changed, pods, find);
  if (wanted)
    count(budget, changed, pods, *wanted, now, plan);
  else
    fail_safe(budget, changed, wanted.error(), now, plan);
  if (wanted && !wanted->unmanaged.empty())
    plan.events.push_back(
        {budget, true, "UnmanagedPods",
         "Pods selected by this PodDisruptionBudget were found to be "
         "unmanaged. "
         "As a result, the status of the PDB cannot be calculated correctly, "
         "which may result in undefined behavior. To account for these pods "
         "please set \".spec.minAvailable\" field of the PDB to an integer "
         "value."});
  if (!canonical_equal(changed.status(),
                       budget.as<PodDisruptionBudget>().status()))
    plan.status = object::of(changed);
  return plan;
}

expected<eviction_plan> plan_eviction(const object& pod,
                                      std::span<const object> budgets,
                                      time_point now) {
  eviction_plan plan;
  if (is_free(pod.as<Pod>()))
    return plan;
  std::vector<object> guards;
  for (auto& budget : budgets)
    if (is_guarded(budget, pod))
      guards.push_back(budget);
  if (guards.empty())
    return plan;
  if (guards.size() > 1)
    return make_error(ec::internal_error,
                      "This pod has more than one PodDisruptionBudget, which "
                      "the eviction subresource does not support.");
  if (costs_nothing(guards[0].as<PodDisruptionBudget>(), pod.as<Pod>()))
    return plan;
  auto budget = paid(guards[0], pod, now);
  if (!budget)
    return budget.error();
  plan.budget = std::move(*budget);
  return plan;
}

} // namespace troupe::rules
