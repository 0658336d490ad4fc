#include "messages/api/meta.pb.h"
#include "messages/api/podsecurity_v1beta1.pb.h"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds_stored.hpp"
#include "runtime/rules/shown_list.hpp"
#include "runtime/rules/sysctl_overlap.hpp"
#include "runtime/rules/validate_volumes.hpp"
#include "runtime/text/json_writer.hpp"

#include <algorithm>
#include <set>

namespace troupe::rules {

using namespace policy::v1beta1;

namespace {

constexpr auto star = "*";

bool has(const words& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// -- who a pod runs as --------------------------------------------------------

template <class List>
void check_ranges(const List& ranges, const field_path& up, findings& out) {
  auto at = up.child("ranges");
  for (int i = 0; i < ranges.size(); ++i) {
    auto one = at[static_cast<size_t>(i)];
    auto low = ranges[i].min();
    auto high = ranges[i].max();
    if (low < 0)
      out.invalid(one.child("min"), low, "min cannot be negative");
    if (high < 0)
      out.invalid(one.child("max"), high, "max cannot be negative");
    if (low > high)
      out.invalid(one.child("min"), low, "min cannot be greater than max");
  }
}

void check_rule(const std::string& rule, const std::vector<std::string>& known,
                const field_path& at, findings& out) {
  if (std::find(known.begin(), known.end(), rule) == known.end())
    out.not_supported(at.child("rule"), rule, known);
}

const std::vector<std::string>& group_rules() {
  static const std::vector<std::string> all{"MayRunAs", "MustRunAs",
                                            "RunAsAny"};
  return all;
}

template <class List>
shown shown_ranges(const List& ranges) {
  shown result{""};
  result.text = "[";
  for (auto& each : ranges)
    result.text +=
        (result.text.size() > 1 ? "," : "") + text::to_json(each, {}, {});
  result.text += "]";
  return result;
}

void check_run_as_group(const RunAsGroupStrategyOptions& group,
                        const field_path& at, findings& out) {
  auto ranges = at.child("ranges");
  check_rule(group.rule(), {"MustRunAs", "RunAsAny", "MayRunAs"}, at, out);
  if (group.rule() == "RunAsAny") {
    if (!group.ranges().empty())
      out.invalid(ranges, shown_ranges(group.ranges()), "Ranges must be empty");
  } else if (has({group_rules().begin(), group_rules().end()}, group.rule())) {
    if (group.ranges().empty())
      out.invalid(ranges, shown_ranges(group.ranges()),
                  "must provide at least one range");
    check_ranges(group.ranges(), at, out);
  }
}

void check_identities(const PodSecurityPolicySpec& spec, const field_path& up,
                      findings& out) {
  auto user = up.child("runAsUser");
  check_rule(spec.run_as_user().rule(),
             {"MustRunAs", "MustRunAsNonRoot", "RunAsAny"}, user, out);
  check_ranges(spec.run_as_user().ranges(), user, out);
  auto group = up.child("runAsGroup");
  if (spec.has_run_as_group())
    check_run_as_group(spec.run_as_group(), group, out);
  check_rule(spec.se_linux().rule(), {"MustRunAs", "RunAsAny"},
             up.child("seLinux"), out);
  auto others = up.child("supplementalGroups");
  check_rule(spec.supplemental_groups().rule(), group_rules(), others, out);
  check_ranges(spec.supplemental_groups().ranges(), others, out);
  auto files = up.child("fsGroup");
  check_rule(spec.fs_group().rule(), group_rules(), files, out);
  check_ranges(spec.fs_group().ranges(), files, out);
}

// -- what it may use ----------------------------------------------------------

void check_volumes(const words& volumes, const field_path& at, findings& out) {
  static const std::vector<std::string> known{star,
                                              "awsElasticBlockStore",
                                              "azureDisk",
                                              "azureFile",
                                              "cephFS",
                                              "cinder",
                                              "configMap",
                                              "csi",
                                              "downwardAPI",
                                              "emptyDir",
                                              "ephemeral",
                                              "fc",
                                              "flexVolume",
                                              "flocker",
                                              "gcePersistentDisk",
                                              "gitRepo",
                                              "glusterfs",
                                              "hostPath",
                                              "iscsi",
                                              "nfs",
                                              "persistentVolumeClaim",
                                              "photonPersistentDisk",
                                              "portworxVolume",
                                              "projected",
                                              "quobyte",
                                              "rbd",
                                              "scaleIO",
                                              "secret",
                                              "storageos",
                                              "vsphereVolume"};
  for (auto& volume : volumes)
    if (std::find(known.begin(), known.end(), volume) == known.end())
      out.not_supported(at, volume, known);
}

void check_against_drops(const words& dropped, const words& listed,
                         const char* name, findings& out) {
  std::set<std::string_view> all{dropped.begin(), dropped.end()};
  for (auto& each : listed)
    if (all.count(each) != 0)
      out.invalid(field_path{name}, each,
                  std::string{"capability is listed in "} + name
                      + " and requiredDropCapabilities");
}

/// Kubernetes: the paths of these do not begin with the spec.
void check_capabilities(const PodSecurityPolicySpec& spec, findings& out) {
  auto& dropped = spec.required_drop_capabilities();
  if (!dropped.empty() && has_star(spec.allowed_capabilities()))
    out.invalid(field_path{"requiredDropCapabilities"}, shown_list(dropped),
                "must be empty when all capabilities are allowed by a "
                "wildcard");
  check_against_drops(dropped, spec.default_add_capabilities(),
                      "defaultAddCapabilities", out);
  check_against_drops(dropped, spec.allowed_capabilities(),
                      "allowedCapabilities", out);
}

/// Kubernetes: the first without a path ends it.
void check_host_paths(const PodSecurityPolicySpec& spec, const field_path& at,
                      findings& out) {
  for (int i = 0; i < spec.allowed_host_paths_size(); ++i) {
    auto& prefix = spec.allowed_host_paths(i).path_prefix();
    auto one = at[static_cast<size_t>(i)];
    if (prefix.empty())
      return out.required(one, "is required");
    if (has_back_step(prefix))
      out.invalid(one, prefix, "must not contain '..'");
  }
}

void check_drivers(const PodSecurityPolicySpec& spec, const field_path& up,
                   findings& out) {
  auto flex = up.child("allowedFlexVolumes.allowedFlexVolumes");
  for (int i = 0; i < spec.allowed_flex_volumes_size(); ++i) {
    auto one = flex[static_cast<size_t>(i)];
    if (spec.allowed_flex_volumes(i).driver().empty())
      out.required(one.child("driver"), "must specify a driver");
  }
  auto csi = up.child("allowedCSIDrivers.allowedCSIDriver");
  for (int i = 0; i < spec.allowed_csi_drivers_size(); ++i) {
    auto one = csi[static_cast<size_t>(i)];
    check_driver_name(spec.allowed_csi_drivers(i).name(), one.child("name"),
                      out);
  }
}

// -- kernel parameters --------------------------------------------------------

constexpr size_t longest_sysctl = 253;
constexpr auto sysctl_pattern =
    "([a-z0-9]([-_a-z0-9]*[a-z0-9])?\\.)*([a-z0-9][-_a-z0-9]*)?[a-z0-9*]";

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// One part of a name between dots; the last one may end with '*'.
bool is_part(std::string_view part, bool last) {
  if (part.empty() || !(is_word(part.back()) || (last && part.back() == '*')))
    return false;
  part.remove_suffix(1);
  return part.empty()
         || (is_word(part.front())
             && std::all_of(part.begin(), part.end(), [](char c) {
                  return is_word(c) || c == '-' || c == '_';
                }));
}

bool is_sysctl_pattern(std::string_view text) {
  if (text.size() > longest_sysctl)
    return false;
  for (;;) {
    auto dot = text.find('.');
    if (!is_part(text.substr(0, dot), dot == text.npos))
      return false;
    if (dot == text.npos)
      return true;
    text.remove_prefix(dot + 1);
  }
}

void check_sysctls(const words& list, const field_path& at, findings& out) {
  bool covers_all = false;
  for (int i = 0; i < list.size(); ++i) {
    auto one = at[static_cast<size_t>(i)];
    if (list[i].empty())
      out.invalid(one, list[i], "empty sysctl not allowed");
    else if (!is_sysctl_pattern(list[i]))
      out.invalid(one, list[i],
                  std::string{"must have at most 253 characters and match "
                              "regex "}
                      + sysctl_pattern);
    else
      covers_all = covers_all || list[i].front() == '*';
  }
  if (covers_all && list.size() > 1)
    out.forbidden(at.child("items"),
                  "if '*' is present, must not specify other sysctls");
}

/// Kubernetes tells of all, but nobody reads more.
constexpr size_t most_overlaps = 1000;

void check_overlap(const PodSecurityPolicySpec& spec, const field_path& up,
                   findings& out) {
  auto allowed_at = up.child("allowedUnsafeSysctls");
  auto forbidden_at = up.child("forbiddenSysctls");
  for (auto [i, j, of_allowed] :
       overlaps_of(spec.allowed_unsafe_sysctls(), spec.forbidden_sysctls(),
                   most_overlaps)) {
    auto& allowed = spec.allowed_unsafe_sysctls(i);
    auto& forbidden = spec.forbidden_sysctls(j);
    if (of_allowed)
      out.invalid(allowed_at[static_cast<size_t>(i)], allowed,
                  "sysctl overlaps with " + forbidden);
    else
      out.invalid(forbidden_at[static_cast<size_t>(j)], forbidden,
                  "sysctl overlaps with " + allowed);
  }
}

// -- runtimes -----------------------------------------------------------------

void check_runtimes(const RuntimeClassStrategyOptions& runtimes,
                    const field_path& up, findings& out) {
  auto& list = runtimes.allowed_runtime_class_names();
  auto at = up.child("allowedRuntimeClassNames");
  std::set<std::string_view> seen;
  for (int i = 0; i < list.size(); ++i) {
    auto one = at[static_cast<size_t>(i)];
    if (list[i] != star)
      out.invalid(one, list[i], check_dns1123_subdomain(list[i]));
    if (!seen.insert(list[i]).second)
      out.duplicate(one, list[i]);
  }
  auto& preset = runtimes.default_runtime_class_name();
  if (runtimes.has_default_runtime_class_name()) {
    out.invalid(up.child("defaultRuntimeClassName"), preset,
                check_dns1123_subdomain(preset));
    if (!has(list, preset) && !has_star(list))
      out.required(at, "default \"" + preset + "\" must be allowed");
  }
  require_lone_star(list, "RuntimeClass names", at, out);
}

// -- annotations --------------------------------------------------------------

/// Calls `f` for each part of a list in an annotation.
template <class F>
void each_part(std::string_view list, F f) {
  for (;;) {
    auto end = std::min(list.find(','), list.size());
    f(std::string{list.substr(0, end)});
    if (end == list.size())
      return;
    list.remove_prefix(end + 1);
  }
}

void check_app_armor(const std::string& profile, const std::string& value,
                     const field_path& at, findings& out) {
  if (!profile.empty() && profile != "runtime/default"
      && profile != "unconfined" && !profile.starts_with("localhost/"))
    out.invalid(at, value,
                "invalid AppArmor profile name: \"" + profile + "\"");
}

void check_seccomp(const std::string& profile, const field_path& at,
                   findings& out) {
  constexpr std::string_view local = "localhost/";
  if (profile == "runtime/default" || profile == "docker/default"
      || profile == "unconfined")
    return;
  if (profile.starts_with(local))
    out.invalid(at, profile.substr(local.size()),
                check_relative_path(profile.substr(local.size())));
  else
    out.invalid(at, profile, "must be a valid seccomp profile");
}

void check_annotations(const PodSecurityPolicy& obj, findings& out) {
  field_path at{"metadata.annotations"};
  auto with = [&](std::string_view key, auto f) {
    auto found = obj.metadata().annotations().find(std::string{key});
    if (found != obj.metadata().annotations().end() && !found->second.empty())
      f(found->second, at.key(key));
  };
  auto armor = [&](auto& value, auto place) {
    each_part(value,
              [&](auto part) { check_app_armor(part, value, place, out); });
  };
  with("apparmor.security.beta.kubernetes.io/defaultProfileName",
       [&](auto& value, auto place) {
         check_app_armor(value, value, place, out);
       });
  with("apparmor.security.beta.kubernetes.io/allowedProfileNames", armor);
  with("seccomp.security.alpha.kubernetes.io/defaultProfileName",
       [&](auto& value, auto place) { check_seccomp(value, place, out); });
  with("seccomp.security.alpha.kubernetes.io/allowedProfileNames",
       [&](auto& value, auto place) {
         each_part(value, [&](auto part) {
           if (part != star)
             check_seccomp(part, place, out);
         });
       });
}

void validate_policy(const PodSecurityPolicy& obj, findings& out) {
  check_annotations(obj, out);
  field_path at{"spec"};
  auto& spec = obj.spec();
  check_identities(spec, at, out);
  check_volumes(spec.volumes(), at.child("volumes"), out);
  check_capabilities(spec, out);
  if (spec.default_allow_privilege_escalation()
      && !spec.allow_privilege_escalation())
    out.invalid(at.child("defaultAllowPrivilegeEscalation"), true,
                "Cannot set DefaultAllowPrivilegeEscalation to true without "
                "also setting AllowPrivilegeEscalation to true");
  auto paths = at.child("allowedHostPaths");
  check_host_paths(spec, paths, out);
  check_drivers(spec, at, out);
  auto unsafe = at.child("allowedUnsafeSysctls");
  check_sysctls(spec.allowed_unsafe_sysctls(), unsafe, out);
  auto forbidden = at.child("forbiddenSysctls");
  check_sysctls(spec.forbidden_sysctls(), forbidden, out);
  check_overlap(spec, at, out);
  auto runtimes = at.child("runtimeClass");
  if (spec.has_runtime_class())
    check_runtimes(spec.runtime_class(), runtimes, out);
}

} // namespace

void add_pod_policy_validation(registry& all) {
  all.of<PodSecurityPolicy>().validate =
      check<PodSecurityPolicy, validate_policy>;
}

} // namespace troupe::rules
