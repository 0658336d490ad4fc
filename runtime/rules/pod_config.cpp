#include "runtime/rules/pod_config.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/container.pb.h"
#include "runtime/rules/admission.hpp"
#include "runtime/rules/pod_downward.hpp"
#include "runtime/rules/pod_limits.hpp"
#include "runtime/rules/pod_resources.hpp"
#include "runtime/rules/pod_state.hpp"

namespace troupe::rules {

namespace {

using core::v1::Container;
using core::v1::Pod;

// The container's own word goes before the pod's.
void write_seccomp(const Pod& pod, const Container& container,
                   container::Security* to) {
  const auto& all = pod.spec().security_context();
  const auto& own = container.security_context();
  const auto& profile =
      own.has_seccomp_profile() ? own.seccomp_profile() : all.seccomp_profile();
  if (profile.type() == "RuntimeDefault")
    to->set_seccomp(container::RUNTIME_DEFAULT);
  else if (profile.type() == "Localhost")
    to->set_seccomp(container::LOCALHOST);
  to->set_seccomp_file(profile.localhost_profile());
}

// The container's own word goes before the pod's.
void write_security(const Pod& pod, const Container& container,
                    container::Security* to) {
  const auto& all = pod.spec().security_context();
  const auto& own = container.security_context();
  if (own.has_run_as_user() || all.has_run_as_user())
    to->set_run_as_user(own.has_run_as_user() ? own.run_as_user()
                                              : all.run_as_user());
  if (own.has_run_as_group() || all.has_run_as_group())
    to->set_run_as_group(own.has_run_as_group() ? own.run_as_group()
                                                : all.run_as_group());
  if (own.has_run_as_non_root() || all.has_run_as_non_root())
    to->set_run_as_non_root(own.has_run_as_non_root() ? own.run_as_non_root()
                                                      : all.run_as_non_root());
  for (auto group : all.supplemental_groups())
    to->add_supplemental_groups(group);
  if (all.has_fs_group())
    to->add_supplemental_groups(all.fs_group());
  if (own.has_allow_privilege_escalation() && !own.allow_privilege_escalation())
    to->set_no_new_privileges(true);
  if (own.read_only_root_filesystem())
    to->set_read_only_root(true);
  if (own.privileged())
    to->set_privileged(true);
  for (const auto& name : own.capabilities().drop())
    to->add_drop_capabilities(name);
  for (const auto& name : own.capabilities().add())
    to->add_add_capabilities(name);
  to->set_unmasked_proc(own.proc_mount() == "Unmasked");
  to->set_strict_groups(all.supplemental_groups_policy() == "Strict");
  write_seccomp(pod, container, to);
}

container::QosClass class_of(const Pod& pod) {
  auto name = qos_class(pod.spec());
  return name == "Guaranteed"  ? container::GUARANTEED
         : name == "Burstable" ? container::BURSTABLE
                               : container::BEST_EFFORT;
}

container::Propagation propagation_of(const std::string& word) {
  return word == "Bidirectional"     ? container::BIDIRECTIONAL
         : word == "HostToContainer" ? container::HOST_TO_CONTAINER
                                     : container::PRIVATE;
}

void write_dns(const dns::resolv_conf& from, container::Dns* to) {
  for (const auto& server : from.servers)
    to->add_servers(server);
  for (const auto& search : from.searches)
    to->add_searches(search);
  for (const auto& option : from.options)
    to->add_options(option);
}

/// What the pod's kernel calls itself.
std::string kernel_name(const Pod& pod) {
  auto domain = pod_domain(pod);
  if (!pod.spec().set_hostname_as_fqdn() || domain.empty())
    return pod_hostname(pod);
  return pod_hostname(pod) + "." + domain;
}

// Kubernetes: what comes from the API is read-only, whatever the mount says.
bool has_content(const Pod& pod, const std::string& volume) {
  for (const auto& each : pod.spec().volumes()) {
    const auto& source = each.volume_source();
    if (each.name() == volume)
      return source.has_config_map() || source.has_secret()
             || source.has_downward_api() || source.has_projected();
  }
  return false;
}

} // namespace

container::SandboxConfig sandbox_config(const Pod& pod, uint32_t attempt,
                                        const std::string& address,
                                        bool own_network,
                                        const std::string& log_folder,
                                        const name_facts& names) {
  container::SandboxConfig config;
  const auto& meta = pod.metadata();
  config.set_uid(meta.uid());
  config.set_name(meta.name());
  config.set_namespace_(meta.namespace_());
  config.set_attempt(attempt);
  if (!pod.spec().host_network())
    config.set_hostname(kernel_name(pod));
  config.set_address(address);
  config.set_log_directory(log_folder);
  if (auto dns = pod_resolv_conf(pod, names))
    write_dns(*dns, config.mutable_dns());
  config.set_network(own_network && !pod.spec().host_network()
                         ? container::OWN
                         : container::HOST);
  config.set_processes(pod.spec().host_pid() ? container::NODE
                       : pod.spec().share_process_namespace()
                           ? container::POD
                           : container::CONTAINER);
  config.set_node_ipc(pod.spec().host_ipc());
  for (const auto& sysctl : pod.spec().security_context().sysctls())
    (*config.mutable_sysctls())[sysctl.name()] = sysctl.value();
  config.set_qos(class_of(pod));
  *config.mutable_resources() = pod_group_limits(pod);
  config.mutable_labels()->insert(meta.labels().begin(), meta.labels().end());
  config.mutable_annotations()->insert(meta.annotations().begin(),
                                       meta.annotations().end());
  return config;
}

expected<container::ContainerConfig> container_config(
    const Pod& pod, size_t i, uint32_t attempt, const env_list& env,
    const std::function<std::string(const std::string& volume)>& place_of,
    int64_t node_memory) {
  const auto& spec = container_at(pod, i);
  container::ContainerConfig config;
  config.set_name(spec.name());
  config.set_attempt(attempt);
  config.set_image(spec.image());
  for (const auto& word : spec.command())
    config.add_command(expand(word, env));
  for (const auto& word : spec.args())
    config.add_args(expand(word, env));
  config.set_working_dir(spec.working_dir());
  for (const auto& [name, value] : env) {
    auto* to = config.add_env();
    to->set_name(name);
    to->set_value(value);
  }
  auto mounts = plan_mounts(spec, env);
  if (!mounts)
    return mounts.error();
  for (const auto& mount : *mounts) {
    const auto& asked = spec.volume_mounts(config.mounts_size());
    auto* to = config.add_mounts();
    to->set_propagation(propagation_of(asked.mount_propagation()));
    to->set_name(mount.volume);
    to->set_container_path(mount.container_path);
    auto place = place_of(mount.volume);
    to->set_host_path(mount.sub_path.empty() ? place
                                             : place + "/" + mount.sub_path);
    to->set_read_only(mount.read_only || has_content(pod, mount.volume));
    // Nobody asked for it, so it must not keep a container from running where
    // nothing can be mounted.
    to->set_best_effort(mount.container_path == account_folder);
  }
  write_security(pod, spec, config.mutable_security());
  *config.mutable_resources() = container_limits(spec);
  config.set_oom_score_adj(oom_score(pod, spec, node_memory));
  config.set_log_path(spec.name() + "/" + std::to_string(attempt) + ".log");
  config.set_stdin(spec.stdin());
  config.set_stdin_once(spec.stdin_once());
  config.set_tty(spec.tty());
  config.set_stop_signal(spec.lifecycle().stop_signal());
  config.set_message_path(spec.termination_message_path());
  config.set_message_from_log(spec.termination_message_policy()
                              == "FallbackToLogsOnError");
  // By this the node knows whose container it is.
  (*config.mutable_labels())["io.kubernetes.pod.uid"] = pod.metadata().uid();
  return config;
}

std::vector<std::string> sub_folders(const Pod& pod, size_t i,
                                     const env_list& env) {
  std::vector<std::string> folders;
  auto mounts = plan_mounts(container_at(pod, i), env);
  if (!mounts)
    return folders;
  for (const auto& mount : *mounts)
    for (const auto& volume : pod.spec().volumes())
      if (volume.name() == mount.volume && !mount.sub_path.empty()
          && volume.volume_source().has_empty_dir())
        folders.push_back(mount.volume + "/" + mount.sub_path);
  return folders;
}

std::string pull_policy(const Container& container) {
  if (!container.image_pull_policy().empty())
    return container.image_pull_policy();
  const auto& image = container.image();
  if (image.find('@') != image.npos)
    return "IfNotPresent";
  auto slash = image.rfind('/');
  auto colon = image.find(':', slash == image.npos ? 0 : slash);
  return colon == image.npos || image.substr(colon + 1) == "latest"
             ? "Always"
             : "IfNotPresent";
}

} // namespace troupe::rules
