#include "runtime/rules/pod_warnings.hpp"

#include "messages/api/core_container.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_volume.pb.h"

#include <map>
#include <set>

namespace troupe::rules {

namespace {

using core::v1::Container;
using core::v1::PodSpec;

class teller {
public:
  explicit teller(std::vector<warning>& out) : out_(out) {
    // nop
  }

  void say(const field_path& at, const std::string& what, unsigned unless = 0) {
    out_.push_back({at.str() + ": " + what, unless});
  }

  /// Says that no node of ours acts on a field, if it is there.
  void inert(bool there, const field_path& at, std::string_view name,
             const std::string& why = nothing_acts) {
    if (there)
      say(at.child(name), why, foreign_nodes);
  }

  /// The same of what containers of images get.
  void plain(bool there, const field_path& at, std::string_view name,
             const std::string& why = nothing_acts) {
    if (there)
      say(at.child(name), why, any_nodes);
  }

private:
  static constexpr auto nothing_acts = "nothing in this cluster acts on it yet";

  std::vector<warning>& out_;
};

// -- probably not meant ------------------------------------------------------

void tell_images(const PodSpec& spec, const field_path& at, teller& out) {
  std::map<std::string_view, int> images;
  auto list = at.child("containers");
  for (int i = 0; i < spec.containers_size(); ++i) {
    auto& image = spec.containers(i).image();
    auto [first, fresh] = images.emplace(image, i);
    if (fresh || image.empty())
      continue;
    auto one = list[static_cast<size_t>(i)];
    auto earlier = list[static_cast<size_t>(first->second)];
    out.say(one.child("image"),
            "the same image as " + earlier.str()
                + ": two containers of one image in a pod are rarely meant; "
                  "to run more copies, raise the replicas of a Deployment");
  }
}

void tell_variables(const Container& container, const field_path& at,
                    teller& out) {
  std::set<std::string_view> names;
  auto env = at.child("env");
  for (int i = 0; i < container.env_size(); ++i) {
    auto& name = container.env(i).name();
    if (!names.insert(name).second)
      out.say(env[static_cast<size_t>(i)],
              "hides previous definition of \"" + name
                  + "\", which may be dropped when using apply");
  }
}

void tell_grace(const PodSpec& spec, const field_path& at, teller& out) {
  if (spec.has_termination_grace_period_seconds()
      && spec.termination_grace_period_seconds() < 0)
    out.say(at.child("terminationGracePeriodSeconds"),
            "must be >= 0; negative values are invalid and will be treated as "
            "1");
}

// -- what nothing acts on ----------------------------------------------------

void tell_network(const PodSpec& spec, const field_path& at, teller& out) {
  out.plain(spec.host_ipc(), at, "hostIPC");
  out.inert(spec.has_host_users() && !spec.host_users(), at, "hostUsers");
}

void tell_placement(const PodSpec& spec, const field_path& at, teller& out) {
  out.inert(spec.resource_claims_size() > 0, at, "resourceClaims");
  out.inert(!spec.runtime_class_name().empty(), at, "runtimeClassName",
            "its handler is not used: every pod of a node runs in the same "
            "way");
}

template <class Context>
void tell_profiles(const Context& context, const field_path& at, teller& out) {
  out.inert(context.has_se_linux_options(), at, "seLinuxOptions");
  out.plain(context.has_seccomp_profile()
                && context.seccomp_profile().type() != "Unconfined",
            at, "seccompProfile");
  out.inert(context.has_app_armor_profile()
                && context.app_armor_profile().type() != "Unconfined",
            at, "appArmorProfile");
  out.inert(context.has_windows_options(), at, "windowsOptions");
}

void tell_security(const PodSpec& spec, const field_path& at, teller& out) {
  auto& context = spec.security_context();
  auto here = at.child("securityContext");
  tell_profiles(context, here, out);
  out.plain(context.sysctls_size() > 0, here, "sysctls");
  out.plain(context.has_supplemental_groups_policy(), here,
            "supplementalGroupsPolicy");
}

void tell_probe(const core::v1::Probe& probe, const field_path& at,
                std::string_view name, teller& out) {
  out.inert(probe.handler().has_grpc(), at.child(name), "grpc",
            "gRPC probes are not made yet: the probe never succeeds");
}

/// Who is in the node's network serves there by itself.
void tell_ports(const Container& container, bool host_network,
                const field_path& at, teller& out) {
  auto ports = at.child("ports");
  for (int i = 0; i < container.ports_size(); ++i)
    out.inert(container.ports(i).host_port() != 0 && !host_network,
              ports[static_cast<size_t>(i)], "hostPort",
              "it is kept free on the node, but not served there yet");
}

void tell_mounts(const Container& container, const field_path& at,
                 teller& out) {
  auto mounts = at.child("volumeMounts");
  for (int i = 0; i < container.volume_mounts_size(); ++i) {
    auto& mount = container.volume_mounts(i);
    auto here = mounts[static_cast<size_t>(i)];
    out.plain(mount.has_mount_propagation()
                  && mount.mount_propagation() != "None",
              here, "mountPropagation");
    out.inert(mount.has_recursive_read_only(), here, "recursiveReadOnly");
  }
  out.inert(container.volume_devices_size() > 0, at, "volumeDevices");
}

void tell_container(const Container& container, bool host_network,
                    const field_path& at, teller& out) {
  tell_variables(container, at, out);
  tell_probe(container.liveness_probe(), at, "livenessProbe", out);
  tell_probe(container.readiness_probe(), at, "readinessProbe", out);
  tell_probe(container.startup_probe(), at, "startupProbe", out);
  auto security = at.child("securityContext");
  tell_profiles(container.security_context(), security, out);
  out.plain(container.security_context().has_proc_mount(), security,
            "procMount");
  auto resources = at.child("resources");
  out.inert(container.resources().claims_size() > 0, resources, "claims");
  out.plain(container.resources().limits_size() > 0, resources, "limits",
            "they count for scheduling, but nothing keeps a process from using "
            "more yet");
  tell_ports(container, host_network, at, out);
  out.inert(container.resize_policy_size() > 0, at, "resizePolicy");
  tell_mounts(container, at, out);
}

/// What a node can provide; every other source of a volume it cannot. None at
/// all is an empty folder.
bool is_provided(const core::v1::VolumeSource& source) {
  return source.ByteSizeLong() == 0 || source.has_empty_dir()
         || source.has_host_path() || source.has_config_map()
         || source.has_secret() || source.has_downward_api()
         || source.has_projected();
}

void tell_volumes(const PodSpec& spec, const field_path& at, teller& out) {
  auto volumes = at.child("volumes");
  for (int i = 0; i < spec.volumes_size(); ++i) {
    auto here = volumes[static_cast<size_t>(i)];
    auto& source = spec.volumes(i).volume_source();
    if (source.has_git_repo())
      out.say(here.child("gitRepo"), "deprecated in v1.11, and disabled by "
                                     "default in v1.33+");
    else if (!is_provided(source))
      out.say(here,
              "no node provides this kind of volume yet: the pod will "
              "wait for it",
              foreign_nodes);
    if (source.empty_dir().medium() == "Memory")
      out.say(here.child("emptyDir.medium"),
              "it lies on the disk: memory is not used yet", foreign_nodes);
  }
}

template <class Containers>
void tell_containers(const Containers& containers, bool host_network,
                     const field_path& list, teller& out) {
  for (int i = 0; i < containers.size(); ++i) {
    auto one = list[static_cast<size_t>(i)];
    tell_container(containers[i], host_network, one, out);
  }
}

} // namespace

void warn_pod_spec(const PodSpec& spec, const field_path& at,
                   std::vector<warning>& result) {
  teller out{result};
  tell_images(spec, at, out);
  auto first = at.child("initContainers");
  tell_containers(spec.init_containers(), spec.host_network(), first, out);
  auto main = at.child("containers");
  tell_containers(spec.containers(), spec.host_network(), main, out);
  tell_grace(spec, at, out);
  tell_volumes(spec, at, out);
  tell_network(spec, at, out);
  tell_placement(spec, at, out);
  tell_security(spec, at, out);
}

} // namespace troupe::rules
