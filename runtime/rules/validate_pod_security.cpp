#include "runtime/rules/formats.hpp"
#include "runtime/rules/pod_checks.hpp"

#include <algorithm>
#include <set>

namespace troupe::rules {

using namespace core::v1;

namespace {

constexpr int64_t most_id = 2147483647;

void check_id(bool set, int64_t id, const field_path& at, findings& out) {
  if (set && (id < 0 || id > most_id))
    out.invalid(at, id, "must be between 0 and 2147483647, inclusive");
}

template <class T>
void check_ids(const T& security, const field_path& at, findings& out) {
  check_id(security.has_run_as_user(), security.run_as_user(),
           at.child("runAsUser"), out);
  check_id(security.has_run_as_group(), security.run_as_group(),
           at.child("runAsGroup"), out);
}

/// `kind` is what messages call it, `field` where it is.
template <class T>
void check_profile(const T& profile, const std::string& kind,
                   const std::string& field, const field_path& up,
                   findings& out) {
  auto at = up.child(field);
  if (profile.type().empty())
    out.required(at.child("type"),
                 "type is required when " + field + " is set");
  if (profile.type() == "Localhost" && profile.localhost_profile().empty())
    out.required(at.child("localhostProfile"),
                 "must be set when " + kind + " type is Localhost");
  if (profile.type() != "Localhost" && profile.has_localhost_profile())
    out.invalid(at.child("localhostProfile"), profile.localhost_profile(),
                "can only be set when " + kind + " type is Localhost");
}

template <class T>
void check_profiles(const T& security, const field_path& at, findings& out) {
  if (security.has_seccomp_profile())
    check_profile(security.seccomp_profile(), "seccomp", "seccompProfile", at,
                  out);
  if (security.has_app_armor_profile())
    check_profile(security.app_armor_profile(), "AppArmor", "appArmorProfile",
                  at, out);
}

// Segments of lower-case words joined by '.' or '/'.
bool sysctl_name(std::string_view text) {
  bool inside = false;
  char last = 0;
  for (char c : text) {
    bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!word && !(inside && (c == '-' || c == '_' || c == '.' || c == '/')))
      return false;
    inside = word || c == '-' || c == '_';
    last = c;
  }
  return !text.empty() && text.size() <= 253 && last != '.' && last != '/'
         && last != '-' && last != '_';
}

void check_sysctls(const PodSecurityContext& security, const field_path& at,
                   findings& out) {
  std::set<std::string> seen;
  auto list = at.child("sysctls");
  for (int i = 0; i < security.sysctls_size(); ++i) {
    auto name = security.sysctls(i).name();
    auto one = list[static_cast<size_t>(i)];
    auto place = one.child("name");
    if (name.empty())
      out.required(place);
    else if (!sysctl_name(name))
      out.invalid(place, name,
                  "must have at most 253 characters and match regex "
                  "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*"
                  "[a-z0-9])?$");
    std::replace(name.begin(), name.end(), '/', '.');
    if (!name.empty() && !seen.insert(name).second)
      out.duplicate(place, name);
  }
}

// What means nothing on Windows is refused rather than ignored.
void check_windows(const PodSpec& spec, const field_path& at, findings& out) {
  constexpr std::string_view why = "cannot be set for a windows pod";
  auto refuse = [&](bool set, const char* name) {
    if (set)
      out.forbidden(at.child(name), why);
  };
  auto& security = spec.security_context();
  refuse(spec.host_pid(), "hostPID");
  refuse(spec.host_ipc(), "hostIPC");
  refuse(spec.share_process_namespace(), "shareProcessNamespace");
  refuse(security.has_app_armor_profile(), "securityContext.appArmorProfile");
  refuse(security.has_se_linux_options(), "securityContext.seLinuxOptions");
  refuse(security.has_seccomp_profile(), "securityContext.seccompProfile");
  refuse(security.has_fs_group(), "securityContext.fsGroup");
  refuse(security.has_fs_group_change_policy(),
         "securityContext.fsGroupChangePolicy");
  refuse(!security.sysctls().empty(), "securityContext.sysctls");
  refuse(security.has_run_as_user(), "securityContext.runAsUser");
  refuse(security.has_run_as_group(), "securityContext.runAsGroup");
  refuse(!security.supplemental_groups().empty(),
         "securityContext.supplementalGroups");
  auto list = at.child("containers");
  for (int i = 0; i < spec.containers_size(); ++i) {
    auto& one = spec.containers(i).security_context();
    auto place = list[static_cast<size_t>(i)];
    auto refuse_one = [&](bool set, const char* name) {
      if (set)
        out.forbidden(place.child(name), why);
    };
    refuse_one(one.has_se_linux_options(), "securityContext.seLinuxOptions");
    refuse_one(one.has_seccomp_profile(), "securityContext.seccompProfile");
    refuse_one(one.has_capabilities(), "securityContext.capabilities");
    refuse_one(one.has_read_only_root_filesystem(),
               "securityContext.readOnlyRootFilesystem");
    refuse_one(one.has_privileged(), "securityContext.privileged");
    refuse_one(one.has_allow_privilege_escalation(),
               "securityContext.allowPrivilegeEscalation");
    refuse_one(one.has_proc_mount(), "securityContext.procMount");
    refuse_one(one.has_run_as_user(), "securityContext.runAsUser");
    refuse_one(one.has_run_as_group(), "securityContext.runAsGroup");
  }
}

void check_system(const PodSpec& spec, const field_path& at, findings& out) {
  if (!spec.has_os())
    return;
  auto& name = spec.os().name();
  if (name.empty())
    out.required(at.child("os.name"), "cannot be empty");
  else if (name == "windows")
    check_windows(spec, at, out);
  else if (name != "linux")
    out.not_supported(at.child("os.name"), name, {"linux", "windows"});
  else if (spec.security_context().has_windows_options())
    out.forbidden(at.child("securityContext.windowsOptions"),
                  "windows options cannot be set for a linux pod");
}

} // namespace

void check_container_security(const SecurityContext& security,
                              const field_path& at, findings& out) {
  check_ids(security, at, out);
  check_profiles(security, at, out);
  if (!security.has_allow_privilege_escalation()
      || security.allow_privilege_escalation())
    return;
  if (security.privileged())
    out.invalid(at, false,
                "cannot set `allowPrivilegeEscalation` to false and "
                "`privileged` to true");
  for (auto& capability : security.capabilities().add())
    if (capability == "CAP_SYS_ADMIN" || capability == "SYS_ADMIN")
      out.invalid(at, false,
                  "cannot set `allowPrivilegeEscalation` to false and "
                  "`capabilities.Add` CAP_SYS_ADMIN");
}

void check_pod_security(const PodSpec& spec, const field_path& at,
                        findings& out) {
  if (spec.share_process_namespace() && spec.host_pid())
    out.invalid(at.child("shareProcessNamespace"), true,
                "ShareProcessNamespace and HostPID cannot both be enabled");
  auto place = at.child("securityContext");
  auto& security = spec.security_context();
  check_ids(security, place, out);
  check_id(security.has_fs_group(), security.fs_group(), place.child("fsGroup"),
           out);
  auto groups = place.child("supplementalGroups");
  for (int i = 0; i < security.supplemental_groups_size(); ++i)
    check_id(true, security.supplemental_groups(i),
             groups[static_cast<size_t>(i)], out);
  check_profiles(security, place, out);
  check_sysctls(security, place, out);
  check_system(spec, at, out);
}

} // namespace troupe::rules
