#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds.hpp"
#include "runtime/rules/pod_checks.hpp"
#include "runtime/rules/pod_updates.hpp"
#include "runtime/rules/pod_warnings.hpp"
#include "runtime/rules/quantities.hpp"
#include "runtime/rules/validate_meta.hpp"

#include <map>
#include <set>

namespace troupe::rules {

using core::v1::Container;
using core::v1::Pod;
using core::v1::PodSpec;

namespace {

constexpr std::string_view mirror = "kubernetes.io/config.mirror";

// Such a pod exists without the API server: it cannot need what only the API
// server has.
void check_mirror(const Pod& pod, findings& out) {
  auto& notes = pod.metadata().annotations();
  auto note = notes.find(std::string{mirror});
  if (note == notes.end())
    return;
  auto& spec = pod.spec();
  field_path annotations{"metadata.annotations"};
  field_path at{"spec"};
  if (spec.node_name().empty())
    out.invalid(annotations.key(mirror), note->second,
                "must set spec.nodeName if mirror pod annotation is set");
  constexpr std::string_view why = "a mirror pod may not reference ";
  auto refuse = [&](bool has, const field_path& place, const char* what) {
    if (has)
      out.forbidden(place, std::string{why} + what);
  };
  refuse(!spec.service_account_name().empty(), at.child("serviceAccountName"),
         "service accounts");
  auto list = at.child("volumes");
  for (int i = 0; i < spec.volumes_size(); ++i) {
    auto one = list[static_cast<size_t>(i)];
    auto& source = spec.volumes(i).volume_source();
    refuse(source.has_secret(), one.child("secret"), "secrets");
    refuse(source.has_config_map(), one.child("configMap"), "config maps");
    for (auto& each : source.projected().sources()) {
      refuse(each.has_secret(), one.child("projected"), "secrets");
      refuse(each.has_config_map(), one.child("projected"), "config maps");
      refuse(each.has_service_account_token(), one.child("projected"),
             "service accounts");
    }
  }
  auto containers = at.child("containers");
  for (int i = 0; i < spec.containers_size(); ++i) {
    auto one = containers[static_cast<size_t>(i)];
    for (auto& each : spec.containers(i).env_from()) {
      refuse(each.has_secret_ref(), one.child("envFrom"), "secrets");
      refuse(each.has_config_map_ref(), one.child("envFrom"), "config maps");
    }
    for (auto& each : spec.containers(i).env()) {
      auto& from = each.value_from();
      refuse(from.has_secret_key_ref(), one.child("env"), "secrets");
      refuse(from.has_config_map_key_ref(), one.child("env"), "config maps");
    }
  }
}

void validate_pod(const Pod& pod, findings& out) {
  field_path at{"spec"};
  validate_pod_spec(pod.spec(), pod_place::pod, at, out);
  check_mirror(pod, out);
}

void validate_new_pod(const Pod& pod, findings& out) {
  field_path at{"spec"};
  if (!pod.spec().ephemeral_containers().empty())
    out.forbidden(at.child("ephemeralContainers"), "cannot be set on create");
}

void warn_pod(const Pod& pod, std::vector<warning>& out) {
  field_path at{"spec"};
  warn_pod_spec(pod.spec(), at, out);
}

} // namespace

void validate_pod_spec(const PodSpec& spec, pod_place place,
                       const field_path& at, findings& out) {
  check_volumes(spec, at, out);
  check_containers(spec, place, at, out);
  if (spec.restart_policy().empty())
    out.required(at.child("restartPolicy"));
  if (spec.dns_policy().empty())
    out.required(at.child("dnsPolicy"));
  check_dns(spec, at, out);
  auto deadline = spec.active_deadline_seconds();
  if (spec.has_active_deadline_seconds()
      && (deadline < 1 || deadline > 2147483647))
    out.invalid(at.child("activeDeadlineSeconds"), deadline,
                "must be between 1 and 2147483647, inclusive");
  check_placement(spec, at, out);
  check_claims(spec, at, out);
  check_pod_security(spec, at, out);
  check_overhead(spec.overhead(), at.child("overhead"), out);
  if (spec.has_resources())
    check_resources(spec.resources(), nullptr, at.child("resources"), out);
}

void validate_pod_template(const core::v1::PodTemplateSpec& pods,
                           const field_path& at, findings& out) {
  auto meta = at.child("metadata");
  validate_template_meta(pods.metadata(), meta, out);
  auto spec = at.child("spec");
  validate_pod_spec(pods.spec(), pod_place::pod_template, spec, out);
}

void add_pod_validation(registry& all) {
  auto& rules = all.of<Pod>();
  rules.validate = check<Pod, validate_pod>;
  rules.validate_create = check<Pod, validate_new_pod>;
  rules.validate_update = check_from<Pod, validate_pod_update>;
  rules.validate_status = check_from<Pod, validate_pod_status>;
  rules.warnings = warn<Pod, warn_pod>;
}

} // namespace troupe::rules
