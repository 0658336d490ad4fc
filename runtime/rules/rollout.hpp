#pragma once

#include "messages/api/apps.pb.h"
#include "messages/object.hpp"
#include "messages/time.hpp"
#include "runtime/rules/event_note.hpp"

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

// The steps that plan_deployment puts together; this header is for the files
// that implement them.

namespace troupe::rules {

constexpr auto revision_annotation = "deployment.kubernetes.io/revision";
constexpr auto history_annotation = "deployment.kubernetes.io/revision-history";
constexpr auto desired_annotation = "deployment.kubernetes.io/desired-replicas";
constexpr auto max_annotation = "deployment.kubernetes.io/max-replicas";
constexpr auto hash_label = "pod-template-hash";

/// A replica set as it is to become.
struct rollout_set {
  object before; ///< none for a set that is to be created
  apps::v1::ReplicaSet now;
};

using set_list = std::vector<rollout_set*>;

/// A deployment and its sets while a decision is made about them.
struct rollout {
  object before;
  apps::v1::Deployment now;
  std::deque<rollout_set> sets;   ///< ours, oldest first; stays in place
  rollout_set* current = nullptr; ///< the set of today's template
  time_point when;
  std::vector<event_note> events;
  std::string reason;

  int replicas() const { return now.spec().replicas(); }

  /// All sets but the current one, oldest first.
  set_list old();
  set_list all();
  /// Those of `from` that are to have pods.
  static set_list active(const set_list& from);
};

// -- arithmetic ---------------------------------------------------------------

/// Kubernetes: surge rounds up, unavailable rounds down, not both are zero.
int max_surge(const apps::v1::Deployment& deployment);
int max_unavailable(const apps::v1::Deployment& deployment);
bool is_rolling(const apps::v1::Deployment& deployment);
bool has_deadline(const apps::v1::Deployment& deployment);

int wished_pods(const set_list& sets);
int actual_pods(const set_list& sets);
int ready_pods(const set_list& sets);
int available_pods(const set_list& sets);

/// Returns the number in an annotation; nothing when there is none.
std::optional<int64_t> annotated(const meta::v1::ObjectMeta& meta,
                                 const char* key);

// -- templates ----------------------------------------------------------------

/// Returns whether both templates are the same but for pod-template-hash.
bool same_template(const core::v1::PodTemplateSpec& a,
                   const core::v1::PodTemplateSpec& b);

/// Returns the value of pod-template-hash.
std::string template_hash(const apps::v1::Deployment& deployment);

// -- steps --------------------------------------------------------------------

/// Finds the set of today's template, gives it its revision and annotations,
/// and notes a first Progressing condition.
void find_current(rollout& work);

/// Makes the set of today's template when there is none.
void make_current(rollout& work);

/// Sets the size of a set and notes the event; returns whether it changed.
bool scale_to(rollout& work, rollout_set& set, int size);

/// Returns whether the number of replicas was changed since the last decision.
bool was_rescaled(rollout& work);

/// Spreads a changed number of replicas over the sets in proportion.
void scale_in_proportion(rollout& work);

void roll(rollout& work);
void recreate(rollout& work, std::span<const object> pods);

/// Returns old sets that the history has no room for.
std::vector<object> beyond_history(rollout& work);

/// Notes that the deployment was paused or resumed.
void note_pause(rollout& work);

/// Computes the counts and the Available condition.
void count_status(rollout& work);

/// Computes all of the status, with the progress of the rollout.
void judge_progress(rollout& work);

/// Returns whether all pods are of today's template and available.
bool is_complete(const apps::v1::Deployment& deployment,
                 const apps::v1::DeploymentStatus& status);

/// Returns when the progress deadline is over; nothing when it does not run.
std::optional<time_point> deadline_of(const apps::v1::Deployment& deployment);

/// Kubernetes: nothing changes while status and reason stay the same.
void put_condition(apps::v1::DeploymentStatus& status, const std::string& type,
                   const std::string& value, const std::string& reason,
                   const std::string& message, time_point now);

} // namespace troupe::rules
