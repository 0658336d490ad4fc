#include "runtime/rules/formats.hpp"
#include "runtime/rules/pod_checks.hpp"

#include <set>

namespace troupe::rules {

using core::v1::Container;
using core::v1::PodSpec;

namespace {

using names = std::set<std::string_view>;

bool sidecar(const Container& container) {
  return container.restart_policy() == "Always";
}

void check_container_name(const std::string& name, names& seen,
                          const field_path& at, findings& out) {
  if (name.empty()) {
    out.required(at);
    return;
  }
  out.invalid(at, name, check_dns1123_label(name));
  if (!seen.insert(name).second)
    out.duplicate(at, name);
}

void check_image(const std::string& image, const field_path& at,
                 findings& out) {
  constexpr std::string_view white = " \t\n\r\v\f";
  if (image.empty())
    out.required(at);
  else if (white.find(image.front()) != std::string_view::npos
           || white.find(image.back()) != std::string_view::npos)
    out.invalid(at, image, "must not have leading or trailing whitespace");
}

void check_container(const Container& container, const PodSpec& spec,
                     names& seen, const field_path& at, findings& out) {
  check_container_name(container.name(), seen, at.child("name"), out);
  check_image(container.image(), at.child("image"), out);
  if (container.image_pull_policy().empty())
    out.required(at.child("imagePullPolicy"));
  if (container.termination_message_policy().empty())
    out.required(at.child("terminationMessagePolicy"));
  check_container_ports(container, spec.host_network(), at, out);
  check_environment(container, at, out);
  check_mounts(container, spec, at, out);
  check_resources(container.resources(), &spec, at.child("resources"), out);
  check_probes(container, at, out);
  auto grace = spec.termination_grace_period_seconds();
  if (container.has_lifecycle())
    check_lifecycle(container.lifecycle(), grace, at.child("lifecycle"), out);
  if (container.has_security_context())
    check_container_security(container.security_context(),
                             at.child("securityContext"), out);
}

// An init container ends before the pod runs: nothing looks after it while it
// does. A sidecar runs on.
void check_init_container(const Container& container, const field_path& at,
                          findings& out) {
  constexpr std::string_view why =
      "may not be set for init containers without restartPolicy=Always";
  if (container.has_restart_policy()) {
    if (!sidecar(container))
      out.not_supported(at.child("restartPolicy"), container.restart_policy(),
                        {"Always"});
    else
      return;
  }
  if (container.has_lifecycle())
    out.forbidden(at.child("lifecycle"), why);
  if (container.has_liveness_probe())
    out.forbidden(at.child("livenessProbe"), why);
  if (container.has_readiness_probe())
    out.forbidden(at.child("readinessProbe"), why);
  if (container.has_startup_probe())
    out.forbidden(at.child("startupProbe"), why);
}

void check_host_ports(const PodSpec& spec, const field_path& at,
                      findings& out) {
  std::set<std::string> seen;
  auto check = [&](const Container& container, const field_path& one) {
    auto ports = one.child("ports");
    for (int i = 0; i < container.ports_size(); ++i) {
      auto& port = container.ports(i);
      auto text = port.protocol() + "/" + port.host_ip() + "/"
                  + std::to_string(port.host_port());
      auto place = ports[static_cast<size_t>(i)];
      if (port.host_port() != 0 && !seen.insert(text).second)
        out.duplicate(place.child("hostPort"), text);
    }
  };
  auto list = at.child("containers");
  for (int i = 0; i < spec.containers_size(); ++i)
    check(spec.containers(i), list[static_cast<size_t>(i)]);
  auto inits = at.child("initContainers");
  for (int i = 0; i < spec.init_containers_size(); ++i)
    if (sidecar(spec.init_containers(i)))
      check(spec.init_containers(i), inits[static_cast<size_t>(i)]);
}

} // namespace

void check_containers(const PodSpec& spec, pod_place place,
                      const field_path& at, findings& out) {
  names seen;
  auto list = at.child("containers");
  if (spec.containers().empty())
    out.required(list);
  for (int i = 0; i < spec.containers_size(); ++i) {
    auto one = list[static_cast<size_t>(i)];
    check_container(spec.containers(i), spec, seen, one, out);
    if (spec.containers(i).has_restart_policy())
      out.forbidden(one.child("restartPolicy"),
                    "may not be set for non-init containers");
  }
  auto inits = at.child("initContainers");
  for (int i = 0; i < spec.init_containers_size(); ++i) {
    auto one = inits[static_cast<size_t>(i)];
    check_container(spec.init_containers(i), spec, seen, one, out);
    check_init_container(spec.init_containers(i), one, out);
  }
  if (place == pod_place::pod_template && !spec.ephemeral_containers().empty())
    out.forbidden(at.child("ephemeralContainers"),
                  "ephemeral containers not allowed in pod template");
  check_host_ports(spec, at, out);
}

void check_container_ports(const Container& container, bool host_network,
                           const field_path& at, findings& out) {
  names seen;
  auto list = at.child("ports");
  for (int i = 0; i < container.ports_size(); ++i) {
    auto& port = container.ports(i);
    auto one = list[static_cast<size_t>(i)];
    if (!port.name().empty()) {
      auto found = check_port_name(port.name());
      out.invalid(one.child("name"), port.name(), found);
      if (found.empty() && !seen.insert(port.name()).second)
        out.duplicate(one.child("name"), port.name());
    }
    if (port.container_port() == 0)
      out.required(one.child("containerPort"));
    else
      for (auto& problem : check_port_number(port.container_port()))
        out.invalid(one.child("containerPort"), port.container_port(), problem);
    if (port.host_port() != 0)
      for (auto& problem : check_port_number(port.host_port()))
        out.invalid(one.child("hostPort"), port.host_port(), problem);
    if (host_network && port.host_port() != 0
        && port.host_port() != port.container_port())
      out.invalid(one.child("hostPort"), port.host_port(),
                  "must match `containerPort` when `hostNetwork` is true");
    if (port.protocol().empty())
      out.required(one.child("protocol"));
    if (!port.host_ip().empty())
      out.invalid(one.child("hostIP"), port.host_ip(),
                  check_ip(port.host_ip()));
  }
}

void check_mounts(const Container& container, const PodSpec& spec,
                  const field_path& at, findings& out) {
  names paths;
  names mounted;
  auto list = at.child("volumeMounts");
  for (int i = 0; i < container.volume_mounts_size(); ++i) {
    auto& mount = container.volume_mounts(i);
    auto one = list[static_cast<size_t>(i)];
    if (mount.name().empty())
      out.required(one.child("name"));
    else if (find_volume(spec, mount.name()) == nullptr)
      out.not_found(one.child("name"), mount.name());
    mounted.insert(mount.name());
    if (mount.mount_path().empty())
      out.required(one.child("mountPath"));
    else if (!paths.insert(mount.mount_path()).second)
      out.invalid(one.child("mountPath"), mount.mount_path(), "must be unique");
    out.invalid(one.child("subPath"), mount.sub_path(),
                check_relative_path(mount.sub_path()));
    out.invalid(one.child("subPathExpr"), mount.sub_path_expr(),
                check_relative_path(mount.sub_path_expr()));
    if (!mount.sub_path().empty() && !mount.sub_path_expr().empty())
      out.invalid(one.child("subPathExpr"), mount.sub_path_expr(),
                  "subPathExpr and subPath are mutually exclusive");
    if (mount.mount_propagation() == "Bidirectional"
        && !container.security_context().privileged())
      out.forbidden(one.child("mountPropagation"),
                    "Bidirectional mount propagation is available only to "
                    "privileged containers");
  }
  auto devices = at.child("volumeDevices");
  names device_paths;
  for (int i = 0; i < container.volume_devices_size(); ++i) {
    auto& device = container.volume_devices(i);
    auto one = devices[static_cast<size_t>(i)];
    auto* volume = find_volume(spec, device.name());
    if (device.name().empty())
      out.required(one.child("name"));
    else if (volume == nullptr)
      out.not_found(one.child("name"), device.name());
    else if (!volume->volume_source().has_persistent_volume_claim()
             && !volume->volume_source().has_ephemeral())
      out.invalid(one.child("name"), device.name(),
                  "can only use volume source type of PersistentVolumeClaim or "
                  "Ephemeral for block mode");
    if (mounted.contains(device.name()))
      out.invalid(one.child("name"), device.name(),
                  "must not already exist in volumeMounts");
    if (device.device_path().empty())
      out.required(one.child("devicePath"));
    else if (!device_paths.insert(device.device_path()).second)
      out.invalid(one.child("devicePath"), device.device_path(),
                  "must be unique");
    if (has_back_step(device.device_path()))
      out.invalid(one.child("devicePath"), device.device_path(),
                  "can not contain backsteps ('..')");
  }
}

} // namespace troupe::rules
