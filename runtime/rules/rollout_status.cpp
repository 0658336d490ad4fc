#include "runtime/rules/conditions.hpp"
#include "runtime/rules/rollout.hpp"

#include <fmt/format.h>

namespace troupe::rules {

namespace {

using apps::v1::Deployment;
using apps::v1::DeploymentStatus;

// Kubernetes: DeploymentProgressing.
bool moved(const DeploymentStatus& before, const DeploymentStatus& now) {
  auto old = [](const auto& s) { return s.replicas() - s.updated_replicas(); };
  return now.updated_replicas() > before.updated_replicas()
         || old(now) < old(before)
         || now.ready_replicas() > before.ready_replicas()
         || now.available_replicas() > before.available_replicas();
}

bool timed_out(const Deployment& deployment, time_point now) {
  const auto* known =
      find_condition(deployment.status().conditions(), "Progressing");
  if (!known || known->reason() == "NewReplicaSetAvailable")
    return false;
  if (known->reason() == "ProgressDeadlineExceeded")
    return true;
  auto deadline =
      std::chrono::seconds{deployment.spec().progress_deadline_seconds()};
  return from_time(known->last_update_time()) + deadline < now;
}

void progress_condition(rollout& work, const DeploymentStatus& before) {
  auto& status = *work.now.mutable_status();
  auto who = work.current
                 ? fmt::format("ReplicaSet \"{}\"",
                               work.current->now.metadata().name())
                 : fmt::format("Deployment \"{}\"", work.now.metadata().name());
  if (is_complete(work.now, status)) {
    put_condition(status, "Progressing", "True", "NewReplicaSetAvailable",
                  who + " has successfully progressed.", work.when);
  } else if (moved(before, status)) {
    // The update time moves with each step, the deadline counts from it.
    auto* known = find_condition(*status.mutable_conditions(), "Progressing");
    if (known && known->status() == "True")
      known->set_reason("");
    put_condition(status, "Progressing", "True", "ReplicaSetUpdated",
                  who + " is progressing.", work.when);
  } else if (timed_out(work.now, work.when)) {
    put_condition(status, "Progressing", "False", "ProgressDeadlineExceeded",
                  who + " has timed out progressing.", work.when);
  }
}

const apps::v1::ReplicaSetCondition* failure_of(const rollout_set& set) {
  return find_condition(set.now.status().conditions(), "ReplicaFailure");
}

// Kubernetes: a failure of the current set counts before those of old ones.
void lift_failures(rollout& work) {
  const apps::v1::ReplicaSetCondition* found = nullptr;
  if (work.current)
    found = failure_of(*work.current);
  for (auto& set : work.sets)
    if (!found)
      found = failure_of(set);
  auto& status = *work.now.mutable_status();
  if (!found) {
    remove_condition(*status.mutable_conditions(), "ReplicaFailure");
    return;
  }
  put_condition(status, "ReplicaFailure", found->status(), found->reason(),
                found->message(), from_time(found->last_transition_time()));
}

} // namespace

void put_condition(DeploymentStatus& status, const std::string& type,
                   const std::string& value, const std::string& reason,
                   const std::string& message, time_point now) {
  auto* known = find_condition(*status.mutable_conditions(), type);
  if (known && known->status() == value && known->reason() == reason)
    return;
  auto moved = !known || known->status() != value;
  if (!known) {
    known = status.add_conditions();
    known->set_type(type);
  }
  known->set_status(value);
  known->set_reason(reason);
  known->set_message(message);
  *known->mutable_last_update_time() = to_time(now);
  if (moved)
    *known->mutable_last_transition_time() = to_time(now);
}

void note_pause(rollout& work) {
  if (!has_deadline(work.now))
    return;
  auto& status = *work.now.mutable_status();
  const auto* known = find_condition(status.conditions(), "Progressing");
  if (known && known->reason() == "ProgressDeadlineExceeded")
    return;
  auto noted = known && known->reason() == "DeploymentPaused";
  if (work.now.spec().paused() && !noted)
    put_condition(status, "Progressing", "Unknown", "DeploymentPaused",
                  "Deployment is paused", work.when);
  else if (!work.now.spec().paused() && noted)
    put_condition(status, "Progressing", "Unknown", "DeploymentResumed",
                  "Deployment is resumed", work.when);
}

void count_status(rollout& work) {
  auto& status = *work.now.mutable_status();
  auto all = work.all();
  auto total = actual_pods(all);
  auto available = available_pods(all);
  status.set_observed_generation(work.now.metadata().generation());
  status.set_replicas(total);
  status.set_updated_replicas(work.current ? actual_pods({work.current}) : 0);
  status.set_ready_replicas(ready_pods(all));
  status.set_available_replicas(available);
  status.set_unavailable_replicas(std::max(0, total - available));
  if (available >= work.replicas() - max_unavailable(work.now))
    put_condition(status, "Available", "True", "MinimumReplicasAvailable",
                  "Deployment has minimum availability.", work.when);
  else
    put_condition(status, "Available", "False", "MinimumReplicasUnavailable",
                  "Deployment does not have minimum availability.", work.when);
}

void judge_progress(rollout& work) {
  auto before = work.now.status();
  count_status(work);
  auto& status = *work.now.mutable_status();
  if (!has_deadline(work.now)) {
    remove_condition(*status.mutable_conditions(), "Progressing");
  } else {
    const auto* known = find_condition(before.conditions(), "Progressing");
    // Once all is there, later losses of pods are no rollout.
    auto done = known && known->reason() == "NewReplicaSetAvailable"
                && status.replicas() == status.updated_replicas();
    if (!done)
      progress_condition(work, before);
  }
  lift_failures(work);
}

std::optional<time_point> deadline_of(const Deployment& deployment) {
  const auto* known =
      find_condition(deployment.status().conditions(), "Progressing");
  if (!known || !has_deadline(deployment)
      || is_complete(deployment, deployment.status())
      || known->reason() == "NewReplicaSetAvailable"
      || known->reason() == "ProgressDeadlineExceeded")
    return std::nullopt;
  auto deadline =
      std::chrono::seconds{deployment.spec().progress_deadline_seconds()};
  return from_time(known->last_update_time()) + deadline
         + std::chrono::seconds{1};
}

} // namespace troupe::rules
