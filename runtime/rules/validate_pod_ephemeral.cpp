#include "messages/fields.hpp"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/pod_checks.hpp"
#include "runtime/rules/pod_late.hpp"

#include <algorithm>

namespace troupe::rules {

using namespace core::v1;

namespace {

bool names_a_container(const PodSpec& spec, const std::string& name) {
  auto in = [&](auto& list) {
    return std::any_of(list.begin(), list.end(),
                       [&](auto& one) { return one.name() == name; });
  };
  return in(spec.containers()) || in(spec.init_containers());
}

// It joins a pod that has been placed and judged already.
void check_nothing_more(const EphemeralContainerCommon& common,
                        const field_path& at, findings& out) {
  auto refuse = [&](bool set, const char* name) {
    if (set)
      out.forbidden(at.child(name), "cannot be set for an Ephemeral Container");
  };
  refuse(!common.ports().empty(), "ports");
  refuse(common.has_liveness_probe(), "livenessProbe");
  refuse(common.has_readiness_probe(), "readinessProbe");
  refuse(common.has_startup_probe(), "startupProbe");
  refuse(common.has_lifecycle(), "lifecycle");
  refuse(!common.resources().limits().empty()
             || !common.resources().requests().empty(),
         "resources");
  refuse(!common.resize_policy().empty(), "resizePolicy");
  refuse(common.has_restart_policy(), "restartPolicy");
  auto mounts = at.child("volumeMounts");
  for (int i = 0; i < common.volume_mounts_size(); ++i) {
    auto& mount = common.volume_mounts(i);
    auto one = mounts[static_cast<size_t>(i)];
    for (auto [set, name] : {std::pair{!mount.sub_path().empty(), "subPath"},
                             {!mount.sub_path_expr().empty(), "subPathExpr"}})
      if (set)
        out.forbidden(one.child(name),
                      "cannot be set for an Ephemeral Container");
  }
}

void check_like_others(const Pod& pod, const EphemeralContainer& one,
                       const field_path& at, findings& out) {
  auto container = as_container(one);
  check_environment(container, at, out);
  check_mounts(container, pod.spec(), at, out);
  if (container.has_security_context())
    check_container_security(container.security_context(),
                             at.child("securityContext"), out);
}

void check_one(const Pod& pod, int index, const field_path& at, findings& out) {
  auto& one = pod.spec().ephemeral_containers(index);
  auto& common = one.ephemeral_container_common();
  if (common.name().empty())
    out.required(at.child("name"));
  else
    out.invalid(at.child("name"), common.name(),
                check_dns1123_label(common.name()));
  bool twice = names_a_container(pod.spec(), common.name());
  for (int i = 0; i < index; ++i) {
    auto& other = pod.spec().ephemeral_containers(i);
    twice = twice || other.ephemeral_container_common().name() == common.name();
  }
  if (twice && !common.name().empty())
    out.duplicate(at.child("name"), common.name());
  if (common.image().empty())
    out.required(at.child("image"));
  if (common.termination_message_policy().empty())
    out.required(at.child("terminationMessagePolicy"));
  check_nothing_more(common, at, out);
  check_like_others(pod, one, at, out);
  if (!one.target_container_name().empty()
      && !names_a_container(pod.spec(), one.target_container_name()))
    out.not_found(at.child("targetContainerName"), one.target_container_name());
}

} // namespace

void validate_ephemeral_containers(const Pod& pod, const Pod& old,
                                   findings& out) {
  field_path at{"spec.ephemeralContainers"};
  auto& now = pod.spec().ephemeral_containers();
  for (int i = 0; i < now.size(); ++i) {
    auto one = at[static_cast<size_t>(i)];
    check_one(pod, i, one, out);
  }
  for (auto& before : old.spec().ephemeral_containers()) {
    auto& name = before.ephemeral_container_common().name();
    auto i = std::find_if(now.begin(), now.end(), [&](auto& one) {
      return one.ephemeral_container_common().name() == name;
    });
    if (i == now.end())
      out.forbidden(at, "existing ephemeral containers \"" + name
                            + "\" may not be removed\n");
    else if (!canonical_equal(*i, before))
      out.forbidden(at, "existing ephemeral containers \"" + name
                            + "\" may not be changed\n");
  }
}

} // namespace troupe::rules
