#include "runtime/process/bundle_setup.hpp"

#include "runtime/oci/cgroup_files.hpp"
#include "runtime/process/pod_folder.hpp"
#include "runtime/process/program_output.hpp"
#include "runtime/process/shim_wire.hpp"

#include <linux/capability.h>
#include <sstream>
#include <unistd.h>

namespace troupe::process {

namespace {

/// The hexadecimal number behind "KEY:" in a status of /proc.
uint64_t mask_of(const std::string& status, const std::string& key) {
  std::istringstream lines{status};
  std::string word;
  while (lines >> word)
    if (word == key && lines >> word)
      return std::stoull(word, nullptr, 16);
  return 0;
}

uint32_t flags_of(const container::ContainerConfig& config,
                  const oci::surroundings& around) {
  uint32_t flags = by_runtime;
  flags |= config.tty() ? with_tty : 0u;
  flags |= config.stdin() ? with_stdin : 0u;
  flags |= config.stdin_once() ? stdin_once : 0u;
  if (around.target == 0 && around.pod.processes() == container::POD)
    flags |= shared_processes;
  return flags;
}

} // namespace

runtime_facts facts_of_machine(const std::string& pods_folder) {
  runtime_facts result;
  result.prefix = oci::node_prefix(pods_folder);
  result.layout = oci::read_layout();
  auto status = read_file("/proc/self/status").value_or("");
  result.capabilities = mask_of(status, "CapPrm:") & mask_of(status, "CapBnd:");
  if ((result.capabilities >> CAP_SYS_RESOURCE & 1) == 0) {
    std::istringstream score{
        read_file("/proc/self/oom_score_adj").value_or("")};
    result.lowest_oom_score = 0;
    score >> result.lowest_oom_score;
  }
  return result;
}

std::vector<std::string> installed_runtimes() {
  std::vector<std::string> result;
  for (auto name : {"crun", "runc"})
    for (auto folder : {"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/",
                        "/usr/bin/", "/sbin/", "/bin/"})
      if (auto path = std::string{folder} + name;
          access(path.c_str(), X_OK) == 0) {
        result.push_back(path);
        break;
      }
  return result;
}

expected<std::string> bundle_fields(const container::ContainerConfig& config,
                                    const oci::unpacked_image& image,
                                    const bundle_place& place,
                                    const runtime_facts& facts) {
  auto& around = place.around;
  auto made = oci::describe(config, image.config, around);
  if (!made)
    return made.error();
  if (made->volumes.size() > max_mounts)
    return make_error(ec::invalid, "volumeMounts: at most 256 are possible");
  std::string log;
  if (!config.log_path().empty() && !around.pod.log_directory().empty())
    log = around.pod.log_directory() + "/" + config.log_path();
  std::string result;
  wire_writer<std::string> out{result};
  out.text(place.container_id)
      .text(place.folder)
      .u32(flags_of(config, around))
      .i64(made->stop_signal)
      .i64(around.who.user)
      .i64(around.who.group)
      .i64(0)
      .text("/")
      .text(log)
      .i64(config.log_max_bytes())
      .u32(config.log_max_files())
      .u32(0)
      .u32(static_cast<uint32_t>(made->volumes.size()));
  for (auto& source : made->volumes)
    out.text("").text(source).u32(0);
  // Its words are in the runtime's configuration.
  out.texts(std::vector<std::string>{place.container_id});
  out.texts(std::vector<std::string>{});
  out.text(facts.program).text(made->bundle).text(made->command);
  out.texts(image.layers);
  out.texts(oci::folders_of(around.layout, around.cgroup));
  out.text(oci::oom_file_of(around.layout, around.cgroup));
  if (result.size() > max_frame)
    return make_error(ec::invalid,
                      "container: command and environment are too large");
  return result;
}

} // namespace troupe::process
