#include "runtime/oci/spec.hpp"

#include "runtime/oci/seccomp.hpp"
#include "runtime/oci/spec_parts.hpp"
#include "runtime/process/container_setup.hpp"
#include "runtime/rules/pod_dns.hpp"

#include <algorithm>
#include <csignal>

namespace troupe::oci {

namespace {

using nlohmann::json;

constexpr const char* masked_paths[] = {
    "/proc/acpi",          "/proc/asound",
    "/proc/kcore",         "/proc/keys",
    "/proc/latency_stats", "/proc/sched_debug",
    "/proc/scsi",          "/proc/timer_list",
    "/proc/timer_stats",   "/sys/devices/virtual/powercap",
    "/sys/firmware",
};

constexpr const char* read_only_paths[] = {
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

json describe_namespaces(const container::ContainerConfig& config,
                         const surroundings& around) {
  json result = json::array({{{"type", "mount"}}});
  auto target =
      around.target > 0 ? "/proc/" + std::to_string(around.target) + "/ns/pid"
      : around.pod.processes() == container::POD ? around.bundle + "/processes"
                                                 : "";
  if (!target.empty())
    result.push_back({{"type", "pid"}, {"path", target}});
  else if (around.pod.processes() != container::NODE)
    result.push_back({{"type", "pid"}});
  if (around.layout.unified && !config.security().privileged())
    result.push_back({{"type", "cgroup"}});
  return result;
}

/// How mounts go from the container's root to what it was made of: at least as
/// far as those of its volumes.
const char* root_propagation(const container::ContainerConfig& config) {
  auto result = "";
  for (auto& mount : config.mounts())
    if (mount.propagation() == container::BIDIRECTIONAL)
      return "rshared";
    else if (mount.propagation() == container::HOST_TO_CONTAINER)
      result = "rslave";
  return result;
}

caf::error add_seccomp(const container::ContainerConfig& config,
                       const surroundings& around, json& out) {
  auto& security = config.security();
  if (security.privileged())
    return {};
  if (security.seccomp() == container::RUNTIME_DEFAULT) {
    auto capabilities = process::container_capabilities(security);
    if (!capabilities)
      return capabilities.error();
    out["seccomp"] = default_seccomp(*capabilities);
  } else if (security.seccomp() == container::LOCALHOST) {
    auto profile = json::parse(around.seccomp, nullptr, false);
    if (!profile.is_object())
      return refuse("seccompProfile",
                    security.seccomp_file() + " is no profile in JSON");
    out["seccomp"] = std::move(profile);
  }
  return {};
}

json describe_devices(const std::vector<device>& devices) {
  json result = json::array();
  for (auto& each : devices)
    result.push_back({{"path", each.path},
                      {"type", std::string(1, each.type)},
                      {"major", each.major},
                      {"minor", each.minor},
                      {"fileMode", each.mode},
                      {"uid", each.user},
                      {"gid", each.group}});
  return result;
}

caf::error check_words(const std::vector<std::string>& words,
                       const std::string& image) {
  if (words.empty() || words.front().empty())
    return refuse("command",
                  "no command specified, and image \"" + image + "\" has none");
  for (auto& word : words)
    if (word.find('\0') != word.npos)
      return refuse("command", "must not contain a NUL");
  return {};
}

} // namespace

caf::error refuse(const std::string& field, const std::string& why) {
  return make_error(ec::invalid, field + ": " + why);
}

json describe_resources(const container::ContainerConfig& config,
                        const surroundings& around) {
  auto& asked = config.resources();
  json cpu = json::object();
  if (asked.has_cpu_shares())
    cpu["shares"] = std::max<int64_t>(asked.cpu_shares(), 2);
  if (asked.cpu_quota() > 0) {
    cpu["quota"] = asked.cpu_quota();
    cpu["period"] = asked.cpu_period() > 0 ? asked.cpu_period() : 100000;
  }
  if (!asked.cpuset_cpus().empty())
    cpu["cpus"] = asked.cpuset_cpus();
  if (!asked.cpuset_mems().empty())
    cpu["mems"] = asked.cpuset_mems();
  json memory = json::object();
  if (asked.memory_limit() > 0) {
    memory["limit"] = asked.memory_limit();
    if (around.layout.counts_swap)
      memory["swap"] =
          std::max(asked.memory_swap_limit(), asked.memory_limit());
  }
  auto all = config.security().privileged();
  json devices = json::array({{{"allow", all}, {"access", "rwm"}}});
  for (auto& each : around.devices)
    if (!all)
      devices.push_back({{"allow", true},
                         {"type", std::string(1, each.type)},
                         {"major", each.major},
                         {"minor", each.minor},
                         {"access", each.access}});
  json result = {{"cpu", std::move(cpu)},
                 {"memory", std::move(memory)},
                 {"devices", std::move(devices)}};
  if (asked.pids_limit() > 0)
    result["pids"] = {{"limit", asked.pids_limit()}};
  for (auto& pages : asked.hugepage_limits())
    if (!around.layout.folder_of("hugetlb").empty())
      result["hugepageLimits"].push_back(
          {{"pageSize", pages.page_size()}, {"limit", pages.limit()}});
  return result;
}

expected<description> describe(const container::ContainerConfig& config,
                               const process::image_config& image,
                               const surroundings& around) {
  description result;
  auto words = process::process_arguments(
      image, {config.command().begin(), config.command().end()},
      {config.args().begin(), config.args().end()});
  if (auto err = check_words(words, config.image()))
    return err;
  auto stop =
      config.stop_signal().empty() ? image.stop_signal : config.stop_signal();
  result.stop_signal = stop.empty() ? SIGTERM : process::signal_number(stop);
  if (result.stop_signal == 0)
    return refuse("stopSignal", "unknown signal \"" + stop + "\"");
  auto process = describe_process(config, image, around);
  if (!process)
    return process.error();
  auto mounts = describe_mounts(config, around, result.volumes);
  if (!mounts)
    return mounts.error();
  json linux = {{"namespaces", describe_namespaces(config, around)},
                {"cgroupsPath", around.cgroup},
                {"resources", describe_resources(config, around)},
                {"devices", describe_devices(around.devices)}};
  if (std::string how = root_propagation(config); !how.empty())
    linux["rootfsPropagation"] = how;
  if (!config.security().privileged() && !config.security().unmasked_proc()) {
    linux["maskedPaths"] = masked_paths;
    linux["readonlyPaths"] = read_only_paths;
  }
  if (auto err = add_seccomp(config, around, linux))
    return err;
  constexpr auto replace = json::error_handler_t::replace;
  // A text that is no UTF-8 must not end the process.
  result.command = process->dump(-1, ' ', false, replace).substr(1);
  (*process)["args"] = words;
  (*process)["terminal"] = config.tty();
  json whole = {
      {"ociVersion", "1.0.2"},
      {"process", std::move(*process)},
      {"root",
       {{"path", "rootfs"}, {"readonly", config.security().read_only_root()}}},
      {"mounts", std::move(*mounts)},
      {"linux", std::move(linux)}};
  result.bundle = whole.dump(-1, ' ', false, replace);
  return result;
}

std::string hosts_file(const container::SandboxConfig& pod,
                       const std::string& hostname, const std::string& node) {
  if (pod.network() == container::HOST && pod.hostname().empty())
    return rules::hosts_of_node(node);
  std::string result = rules::hosts_of_any_pod;
  if (!pod.address().empty())
    result += pod.address() + "\t" + hostname + "\n";
  return result;
}

} // namespace troupe::oci
