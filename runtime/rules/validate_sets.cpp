#include "messages/api/apps.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/counts.hpp"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds.hpp"
#include "runtime/rules/pod_warnings.hpp"
#include "runtime/rules/workload_checks.hpp"

namespace troupe::rules {

using apps::v1::ControllerRevision;
using apps::v1::DaemonSet;
using apps::v1::StatefulSet;
using apps::v1::StatefulSetSpec;

namespace {

void check_daemon_update(const DaemonSet& obj, const field_path& at,
                         findings& out) {
  auto& strategy = obj.spec().update_strategy();
  if (strategy.type().empty())
    out.required(at.child("type"));
  if (strategy.type() != "RollingUpdate")
    return;
  auto update = at.child("rollingUpdate");
  if (!strategy.has_rolling_update()) {
    out.required(update);
    return;
  }
  auto& rolling = strategy.rolling_update();
  auto unavailable = update.child("maxUnavailable");
  auto surge = update.child("maxSurge");
  require_share(rolling.max_unavailable(), unavailable, out);
  require_at_most_all(rolling.max_unavailable(), unavailable, out);
  require_share(rolling.max_surge(), surge, out);
  require_at_most_all(rolling.max_surge(), surge, out);
  bool down = !is_none(rolling.max_unavailable());
  bool up = !is_none(rolling.max_surge());
  if (down && up)
    out.invalid(surge, share_text(rolling.max_surge()),
                "may not be set when maxUnavailable is non-zero");
  else if (!down && !up)
    out.required(unavailable, "cannot be 0 when maxSurge is 0");
}

void validate_daemon_set(const DaemonSet& obj, findings& out) {
  field_path at{"spec"};
  auto& spec = obj.spec();
  validate_workload_selector(spec.has_selector(), spec.selector(),
                             spec.template_(), "daemonset", at, out);
  auto pods = at.child("template");
  validate_workload_template(spec.template_(), "DaemonSet", pods, out);
  require_read_only_disks(spec.template_(), pods, out);
  auto strategy = at.child("updateStrategy");
  check_daemon_update(obj, strategy, out);
  require_count(spec.min_ready_seconds(), at.child("minReadySeconds"), out);
  require_count(spec.revision_history_limit(), at.child("revisionHistoryLimit"),
                out);
}

void validate_daemon_set_update(const DaemonSet& obj, const DaemonSet& old,
                                findings& out) {
  require_same_selector(obj.spec().selector(), old.spec().selector(), out);
}

void validate_daemon_set_status(const DaemonSet& obj, const DaemonSet& old,
                                findings& out) {
  field_path at{"status.collisionCount"};
  auto count = obj.status().collision_count();
  require_count(count, at, out);
  if (count < old.status().collision_count())
    out.invalid(at, count, "cannot be decremented");
}

void check_stateful_update(const StatefulSetSpec& spec, const field_path& at,
                           findings& out) {
  auto& strategy = spec.update_strategy();
  if (strategy.type().empty())
    out.required(at.child("type"));
  if (!strategy.has_rolling_update())
    return;
  if (strategy.type() == "OnDelete")
    out.invalid(at.child("rollingUpdate"), strategy.type(),
                "only allowed for updateStrategy 'RollingUpdate'");
  require_count(strategy.rolling_update().partition(),
                at.child("rollingUpdate.partition"), out);
}

void check_retention(const StatefulSetSpec& spec, const field_path& at,
                     findings& out) {
  if (!spec.has_persistent_volume_claim_retention_policy())
    return;
  auto& policy = spec.persistent_volume_claim_retention_policy();
  auto check_one = [&](const char* name, const std::string& value) {
    if (value != "Retain" && value != "Delete")
      out.not_supported(at.child(name), value, {"Delete", "Retain"});
  };
  check_one("whenDeleted", policy.when_deleted());
  check_one("whenScaled", policy.when_scaled());
}

/// Kubernetes: a claim of the set is a volume of its pods, in place of one of
/// the same name.
core::v1::PodTemplateSpec with_claims(const StatefulSetSpec& spec) {
  auto pods = spec.template_();
  for (auto& claim : spec.volume_claim_templates()) {
    auto& name = claim.metadata().name();
    if (!check_dns1123_label(name).empty()
        || find_volume(pods.spec(), name) != nullptr)
      continue;
    auto& volume = *pods.mutable_spec()->add_volumes();
    volume.set_name(name);
    volume.mutable_volume_source()
        ->mutable_persistent_volume_claim()
        ->set_claim_name(name);
  }
  return pods;
}

void validate_stateful_set(const StatefulSet& obj, findings& out) {
  field_path at{"spec"};
  auto& spec = obj.spec();
  if (spec.pod_management_policy().empty())
    out.required(at.child("podManagementPolicy"));
  auto strategy = at.child("updateStrategy");
  check_stateful_update(spec, strategy, out);
  auto retention = at.child("persistentVolumeClaimRetentionPolicy");
  check_retention(spec, retention, out);
  require_count(spec.replicas(), at.child("replicas"), out);
  require_count(spec.min_ready_seconds(), at.child("minReadySeconds"), out);
  require_count(spec.ordinals().start(), at.child("ordinals.start"), out);
  if (!spec.service_name().empty())
    out.invalid(at.child("serviceName"), spec.service_name(),
                check_dns1123_label(spec.service_name()));
  auto claims = at.child("volumeClaimTemplates");
  for (int i = 0; i < spec.volume_claim_templates_size(); ++i) {
    auto& name = spec.volume_claim_templates(i).metadata().name();
    auto one = claims[static_cast<size_t>(i)];
    out.invalid(one.child("metadata.name"), name,
                check_dns1123_subdomain(name));
  }
  validate_workload_selector(spec.has_selector(), spec.selector(),
                             spec.template_(), "statefulset", at, out);
  auto pods = at.child("template");
  validate_workload_template(with_claims(spec), "StatefulSet", pods, out);
}

void validate_stateful_set_update(const StatefulSet& obj,
                                  const StatefulSet& old, findings& out) {
  auto undone = obj.spec();
  auto& before = old.spec();
  undone.set_replicas(before.replicas());
  *undone.mutable_template_() = before.template_();
  *undone.mutable_update_strategy() = before.update_strategy();
  undone.set_revision_history_limit(before.revision_history_limit());
  undone.set_min_ready_seconds(before.min_ready_seconds());
  undone.clear_ordinals();
  if (before.has_ordinals())
    *undone.mutable_ordinals() = before.ordinals();
  undone.clear_persistent_volume_claim_retention_policy();
  if (before.has_persistent_volume_claim_retention_policy())
    *undone.mutable_persistent_volume_claim_retention_policy() =
        before.persistent_volume_claim_retention_policy();
  if (!canonical_equal(undone, before))
    out.forbidden(
        field_path{"spec"},
        "updates to statefulset spec for fields other than 'replicas', "
        "'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
        "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are "
        "forbidden");
}

void validate_revision(const ControllerRevision& obj, findings& out) {
  if (obj.data().raw().empty())
    out.required(field_path{"data"}, "data is mandatory");
  require_count(obj.revision(), field_path{"revision"}, out);
}

void validate_revision_update(const ControllerRevision& obj,
                              const ControllerRevision& old, findings& out) {
  require_unchanged(obj.data().raw() == old.data().raw(), "",
                    field_path{"data"}, out);
}

} // namespace

void add_set_validation(registry& all) {
  auto& daemons = all.of<DaemonSet>();
  daemons.validate = check<DaemonSet, validate_daemon_set>;
  daemons.validate_update = check_from<DaemonSet, validate_daemon_set_update>;
  daemons.validate_status = check_from<DaemonSet, validate_daemon_set_status>;
  daemons.warnings = warn<DaemonSet, warn_template<DaemonSet>>;
  auto& stateful = all.of<StatefulSet>();
  stateful.validate = check<StatefulSet, validate_stateful_set>;
  stateful.validate_update =
      check_from<StatefulSet, validate_stateful_set_update>;
  stateful.warnings = warn<StatefulSet, warn_template<StatefulSet>>;
  auto& revision = all.of<ControllerRevision>();
  revision.validate = check<ControllerRevision, validate_revision>;
  revision.validate_update =
      check_from<ControllerRevision, validate_revision_update>;
}

} // namespace troupe::rules
