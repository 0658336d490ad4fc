#include "messages/api/apps.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/counts.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds.hpp"
#include "runtime/rules/pod_warnings.hpp"
#include "runtime/rules/workload_checks.hpp"

namespace troupe::rules {

using apps::v1::Deployment;
using apps::v1::DeploymentSpec;
using apps::v1::ReplicaSet;
using core::v1::PodTemplate;
using core::v1::PodTemplateSpec;
using core::v1::ReplicationController;

void validate_workload_template(const PodTemplateSpec& pods,
                                std::string_view kind, const field_path& at,
                                findings& out) {
  validate_pod_template(pods, at, out);
  auto& policy = pods.spec().restart_policy();
  if (!policy.empty() && policy != "Always")
    out.not_supported(at.child("spec.restartPolicy"), policy, {"Always"});
  if (pods.spec().has_active_deadline_seconds())
    out.forbidden(at.child("spec.activeDeadlineSeconds"),
                  "activeDeadlineSeconds in " + std::string{kind}
                      + " is not Supported");
}

void require_read_only_disks(const PodTemplateSpec& pods, const field_path& at,
                             findings& out) {
  auto list = at.child("spec.volumes");
  for (int i = 0; i < pods.spec().volumes_size(); ++i) {
    auto& source = pods.spec().volumes(i).volume_source();
    auto one = list[static_cast<size_t>(i)];
    if (source.has_gce_persistent_disk()
        && !source.gce_persistent_disk().read_only())
      out.invalid(one.child("gcePersistentDisk.readOnly"), false,
                  "must be true for replicated pods > 1; GCE PD can only be "
                  "mounted on multiple machines if it is read-only");
  }
}

void validate_workload_selector(bool set,
                                const meta::v1::LabelSelector& selector,
                                const PodTemplateSpec& pods,
                                std::string_view kind, const field_path& at,
                                findings& out) {
  auto place = at.child("selector");
  auto matches_nothing = [&] {
    out.invalid(at.child("template.metadata.labels"), pods.metadata().labels(),
                "`selector` does not match template `labels`");
  };
  if (!set) {
    // Kubernetes: no selector picks nothing; of some kinds it says no more.
    if (kind != "daemonset")
      out.required(place);
    return matches_nothing();
  }
  auto before = out.size();
  validate_selector(selector, place, out);
  if (selector_empty(selector))
    out.invalid(place, selector.match_labels(),
                "empty selector is invalid for " + std::string{kind});
  else if (out.size() == before
           && !selector_matches(selector, pods.metadata().labels()))
    matches_nothing();
}

void require_same_selector(const meta::v1::LabelSelector& selector,
                           const meta::v1::LabelSelector& old, findings& out) {
  require_unchanged(canonical_equal(selector, old), selector.match_labels(),
                    field_path{"spec.selector"}, out);
}

namespace {

void validate_controller(const ReplicationController& obj, findings& out) {
  field_path at{"spec"};
  auto& spec = obj.spec();
  require_count(spec.replicas(), at.child("replicas"), out);
  require_count(spec.min_ready_seconds(), at.child("minReadySeconds"), out);
  if (spec.selector().empty())
    out.required(at.child("selector"));
  if (!spec.has_template_()) {
    out.required(at.child("template"));
    return;
  }
  auto& labels = spec.template_().metadata().labels();
  for (auto& [key, value] : spec.selector()) {
    auto i = labels.find(key);
    if (i != labels.end() && i->second == value)
      continue;
    out.invalid(at.child("template.metadata.labels"), labels,
                "`selector` does not match template `labels`");
    break;
  }
  auto pods = at.child("template");
  validate_workload_template(spec.template_(), "ReplicationController", pods,
                             out);
  if (spec.replicas() > 1)
    require_read_only_disks(spec.template_(), pods, out);
}

// Both kinds of replica set count the same way.
template <class Status>
void check_replica_counts(const Status& status, findings& out) {
  field_path at{"status"};
  require_count(status.replicas(), at.child("replicas"), out);
  require_count(status.observed_generation(), at.child("observedGeneration"),
                out);
  auto at_most = [&](int32_t value, int32_t most, const char* name,
                     std::string_view than) {
    require_count(value, at.child(name), out);
    if (value > most)
      out.invalid(at.child(name), value,
                  "cannot be greater than " + std::string{than});
  };
  at_most(status.fully_labeled_replicas(), status.replicas(),
          "fullyLabeledReplicas", "status.replicas");
  at_most(status.ready_replicas(), status.replicas(), "readyReplicas",
          "status.replicas");
  at_most(status.available_replicas(), status.replicas(), "availableReplicas",
          "status.replicas");
  if (status.available_replicas() > status.ready_replicas())
    out.invalid(at.child("availableReplicas"), status.available_replicas(),
                "cannot be greater than readyReplicas");
}

void validate_controller_status(const ReplicationController& obj,
                                const ReplicationController&, findings& out) {
  check_replica_counts(obj.status(), out);
}

void validate_replica_set(const ReplicaSet& obj, findings& out) {
  field_path at{"spec"};
  auto& spec = obj.spec();
  require_count(spec.replicas(), at.child("replicas"), out);
  require_count(spec.min_ready_seconds(), at.child("minReadySeconds"), out);
  validate_workload_selector(spec.has_selector(), spec.selector(),
                             spec.template_(), "deployment", at, out);
  auto pods = at.child("template");
  validate_workload_template(spec.template_(), "ReplicaSet", pods, out);
  if (spec.replicas() > 1)
    require_read_only_disks(spec.template_(), pods, out);
}

void validate_replica_set_update(const ReplicaSet& obj, const ReplicaSet& old,
                                 findings& out) {
  require_same_selector(obj.spec().selector(), old.spec().selector(), out);
}

void validate_replica_set_status(const ReplicaSet& obj, const ReplicaSet&,
                                 findings& out) {
  check_replica_counts(obj.status(), out);
}

void check_strategy(const DeploymentSpec& spec, const field_path& at,
                    findings& out) {
  auto& strategy = spec.strategy();
  auto update = at.child("rollingUpdate");
  if (strategy.type().empty())
    out.required(at.child("type"));
  if (strategy.type() == "Recreate" && strategy.has_rolling_update())
    out.forbidden(update,
                  "may not be specified when strategy `type` is 'Recreate'");
  if (strategy.type() != "RollingUpdate")
    return;
  if (!strategy.has_rolling_update()) {
    out.required(update, "this should be defaulted and never be nil");
    return;
  }
  auto& rolling = strategy.rolling_update();
  auto unavailable = update.child("maxUnavailable");
  require_share(rolling.max_unavailable(), unavailable, out);
  require_at_most_all(rolling.max_unavailable(), unavailable, out);
  require_share(rolling.max_surge(), update.child("maxSurge"), out);
  if (is_none(rolling.max_unavailable()) && is_none(rolling.max_surge()))
    out.invalid(unavailable, share_text(rolling.max_unavailable()),
                "may not be 0 when `maxSurge` is 0");
}

void validate_deployment(const Deployment& obj, findings& out) {
  field_path at{"spec"};
  auto& spec = obj.spec();
  require_count(spec.replicas(), at.child("replicas"), out);
  require_count(spec.min_ready_seconds(), at.child("minReadySeconds"), out);
  require_count(spec.revision_history_limit(), at.child("revisionHistoryLimit"),
                out);
  validate_workload_selector(spec.has_selector(), spec.selector(),
                             spec.template_(), "deployment", at, out);
  auto pods = at.child("template");
  validate_workload_template(spec.template_(), "ReplicaSet", pods, out);
  if (spec.replicas() > 1)
    require_read_only_disks(spec.template_(), pods, out);
  auto strategy = at.child("strategy");
  check_strategy(spec, strategy, out);
  if (!spec.has_progress_deadline_seconds())
    return;
  auto deadline = at.child("progressDeadlineSeconds");
  require_count(spec.progress_deadline_seconds(), deadline, out);
  if (spec.progress_deadline_seconds() <= spec.min_ready_seconds())
    out.invalid(deadline, spec.progress_deadline_seconds(),
                "must be greater than minReadySeconds");
}

void validate_deployment_update(const Deployment& obj, const Deployment& old,
                                findings& out) {
  require_same_selector(obj.spec().selector(), old.spec().selector(), out);
}

void validate_deployment_status(const Deployment& obj, const Deployment& old,
                                findings& out) {
  field_path at{"status"};
  auto& status = obj.status();
  require_count(status.replicas(), at.child("replicas"), out);
  require_count(status.updated_replicas(), at.child("updatedReplicas"), out);
  require_count(status.ready_replicas(), at.child("readyReplicas"), out);
  require_count(status.available_replicas(), at.child("availableReplicas"),
                out);
  require_count(status.unavailable_replicas(), at.child("unavailableReplicas"),
                out);
  auto collisions = at.child("collisionCount");
  require_count(status.collision_count(), collisions, out);
  if (status.collision_count() < old.status().collision_count())
    out.invalid(collisions, status.collision_count(), "cannot be decremented");
}

void validate_template(const PodTemplate& obj, findings& out) {
  field_path at{"template"};
  validate_pod_template(obj.template_(), at, out);
}

} // namespace

void add_workload_validation(registry& all) {
  auto& controller = all.of<ReplicationController>();
  controller.validate = check<ReplicationController, validate_controller>;
  controller.validate_status =
      check_from<ReplicationController, validate_controller_status>;
  controller.warnings =
      warn<ReplicationController, warn_template<ReplicationController>>;
  auto& set = all.of<ReplicaSet>();
  set.validate = check<ReplicaSet, validate_replica_set>;
  set.validate_update = check_from<ReplicaSet, validate_replica_set_update>;
  set.validate_status = check_from<ReplicaSet, validate_replica_set_status>;
  set.warnings = warn<ReplicaSet, warn_template<ReplicaSet>>;
  auto& deployment = all.of<Deployment>();
  deployment.validate = check<Deployment, validate_deployment>;
  deployment.validate_update =
      check_from<Deployment, validate_deployment_update>;
  deployment.validate_status =
      check_from<Deployment, validate_deployment_status>;
  deployment.warnings = warn<Deployment, warn_template<Deployment>>;
  all.of<PodTemplate>().validate = check<PodTemplate, validate_template>;
}

} // namespace troupe::rules
