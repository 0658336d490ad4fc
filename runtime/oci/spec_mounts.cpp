#include "runtime/oci/spec_parts.hpp"

#include <algorithm>

namespace troupe::oci {

namespace {

using nlohmann::json;

struct mount {
  std::string target;
  json text;
};

json mount_of(const char* type, const std::string& source,
              const std::string& target,
              std::initializer_list<const char*> options) {
  json list = json::array();
  for (auto option : options)
    list.push_back(option);
  return {{"destination", target},
          {"type", type},
          {"source", source},
          {"options", std::move(list)}};
}

bool has_nul(const std::string& text) {
  return text.find('\0') != text.npos;
}

std::string clean(std::string target) {
  if (target.empty() || target.front() != '/')
    target.insert(0, "/");
  while (target.size() > 1 && target.back() == '/')
    target.pop_back();
  return target;
}

caf::error check(const container::Mount& asked, bool privileged) {
  auto& target = asked.container_path();
  if (target.empty() || has_nul(target) || target.size() > 4000)
    return refuse("mountPath", "must be a path");
  if (target.find_first_not_of("/.") == target.npos)
    return refuse("mountPath " + target, "the root cannot be mounted over");
  if (asked.host_path().empty() || asked.host_path().front() != '/'
      || has_nul(asked.host_path()) || asked.host_path().size() > 4000)
    return refuse("volume " + asked.name(), "its source must be absolute");
  if (asked.propagation() == container::BIDIRECTIONAL && !privileged)
    return refuse("mountPropagation",
                  "Bidirectional is for privileged containers");
  return {};
}

const char* word_for(container::Propagation how) {
  return how == container::BIDIRECTIONAL       ? "rshared"
         : how == container::HOST_TO_CONTAINER ? "rslave"
                                               : "rprivate";
}

int depth(const std::string& path) {
  return static_cast<int>(std::count(path.begin(), path.end(), '/'));
}

/// What every container has, unless a volume takes its place.
std::vector<mount> usual_mounts(const container::ContainerConfig& config,
                                const surroundings& around) {
  std::vector<mount> result;
  auto add = [&](const char* type, const char* source, const char* target,
                 std::initializer_list<const char*> options) {
    result.push_back({target, mount_of(type, source, target, options)});
  };
  auto all = config.security().privileged();
  add("proc", "proc", "/proc", {"nosuid", "noexec", "nodev"});
  add("tmpfs", "tmpfs", "/dev",
      {"nosuid", "strictatime", "mode=755", "size=65536k"});
  add("devpts", "devpts", "/dev/pts",
      {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620",
       "gid=5"});
  add("mqueue", "mqueue", "/dev/mqueue", {"nosuid", "noexec", "nodev"});
  add("sysfs", "sysfs", "/sys",
      {"nosuid", "noexec", "nodev", all ? "rw" : "ro"});
  add("cgroup", "cgroup", "/sys/fs/cgroup",
      {"nosuid", "noexec", "nodev", "relatime", all ? "rw" : "ro"});
  auto bind = [&](const std::string& source, const char* target) {
    auto frozen =
        config.security().read_only_root() && std::string{target} != "/dev/shm";
    result.push_back(
        {target, mount_of("bind", source, target,
                          {"rbind", "rprivate", frozen ? "ro" : "rw"})});
  };
  bind(around.pod.node_ipc() ? "/dev/shm" : around.pod_folder + "/shm",
       "/dev/shm");
  bind(around.pod_folder + "/hostname", "/etc/hostname");
  bind(around.pod_folder + "/hosts", "/etc/hosts");
  bind(around.pod_folder + "/resolv.conf", "/etc/resolv.conf");
  return result;
}

} // namespace

expected<json> describe_mounts(const container::ContainerConfig& config,
                               const surroundings& around,
                               std::vector<std::string>& volumes) {
  std::vector<mount> own;
  for (auto& asked : config.mounts()) {
    if (auto err = check(asked, config.security().privileged()))
      return err;
    auto source = around.bundle + "/m/" + std::to_string(volumes.size());
    volumes.push_back(asked.host_path());
    auto target = clean(asked.container_path());
    own.push_back({target, mount_of("bind", source, target,
                                    {"rbind", word_for(asked.propagation()),
                                     asked.read_only() ? "ro" : "rw"})});
  }
  auto taken = [&](const std::string& target) {
    return std::any_of(own.begin(), own.end(),
                       [&](auto& m) { return m.target == target; });
  };
  if (auto& path = config.message_path();
      !path.empty() && path.front() == '/' && !has_nul(path)
      && !around.message_file.empty() && !taken(clean(path)))
    own.push_back(
        {clean(path), mount_of("bind", around.message_file, clean(path),
                               {"rbind", "rprivate", "rw"})});
  // What is deeper comes later, else it would be hidden.
  std::stable_sort(own.begin(), own.end(), [](auto& a, auto& b) {
    return depth(a.target) < depth(b.target);
  });
  json result = json::array();
  for (auto& each : usual_mounts(config, around))
    if (!taken(each.target))
      result.push_back(std::move(each.text));
  for (auto& each : own)
    result.push_back(std::move(each.text));
  return result;
}

} // namespace troupe::oci
