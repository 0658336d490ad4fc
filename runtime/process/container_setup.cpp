#include "runtime/process/container_setup.hpp"

#include "runtime/process/pod_folder.hpp"
#include "runtime/process/shim_wire.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace troupe::process {

namespace {

constexpr const char* default_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct mount_point {
  std::string target;
  std::string source;
  uint32_t flags = 0;
};

struct identity {
  int64_t user = -1;
  int64_t group = -1;
  std::string home;
};

caf::error refuse(const std::string& field, const std::string& why) {
  return make_error(ec::invalid, field + ": " + why);
}

bool has_nul(const std::string& text) {
  return text.find('\0') != text.npos;
}

/// A text with a NUL would silently end there.
caf::error check_texts(const container::ContainerConfig& config) {
  for (auto& text : config.command())
    if (has_nul(text))
      return refuse("command", "must not contain a NUL");
  for (auto& text : config.args())
    if (has_nul(text))
      return refuse("args", "must not contain a NUL");
  if (auto err = check_variables(config))
    return err;
  if (has_nul(config.working_dir()))
    return refuse("workingDir", "must not contain a NUL");
  if (has_nul(config.log_path())
      || config.log_path().find("..") != std::string::npos)
    return refuse("logPath", "must stay in the pod's log folder");
  return {};
}

std::optional<passwd> find_user(const std::string& name, int64_t number,
                                std::vector<char>& memory) {
  memory.resize(16384);
  passwd entry{};
  passwd* found = nullptr;
  if (name.empty())
    getpwuid_r(static_cast<uid_t>(number), &entry, memory.data(), memory.size(),
               &found);
  else
    getpwnam_r(name.c_str(), &entry, memory.data(), memory.size(), &found);
  if (found == nullptr)
    return std::nullopt;
  return entry;
}

std::optional<int64_t> number_of(const std::string& text) {
  if (text.empty() || text.size() > 10
      || text.find_first_not_of("0123456789") != text.npos)
    return std::nullopt;
  return std::stoll(text);
}

/// "user", "uid", "user:group", "uid:gid" of an image.
caf::error take_image_user(const std::string& text, identity& who) {
  auto user = text.substr(0, text.find(':'));
  auto group = user.size() < text.size() ? text.substr(user.size() + 1) : "";
  std::vector<char> memory;
  if (auto number = number_of(user)) {
    who.user = *number;
  } else if (auto entry = find_user(user, 0, memory)) {
    who.user = entry->pw_uid;
    who.group = entry->pw_gid;
  } else {
    return refuse("image", "its user \"" + user + "\" is unknown here");
  }
  if (auto number = number_of(group))
    who.group = *number;
  return {};
}

expected<identity> find_identity(const container::ContainerConfig& config,
                                 const image_config& image) {
  identity who;
  auto& security = config.security();
  if (security.has_run_as_user())
    who.user = security.run_as_user();
  else if (!image.user.empty())
    if (auto err = take_image_user(image.user, who))
      return err;
  if (security.has_run_as_group())
    who.group = security.run_as_group();
  if (security.has_run_as_user() && security.run_as_user() < 0)
    return refuse("securityContext.runAsUser", "must not be negative");
  if (security.has_run_as_group() && security.run_as_group() < 0)
    return refuse("securityContext.runAsGroup", "must not be negative");
  auto user = who.user < 0 ? static_cast<int64_t>(geteuid()) : who.user;
  if (user > UINT32_MAX - 1)
    return refuse("securityContext.runAsUser", "is too large");
  if (who.group > static_cast<int64_t>(UINT32_MAX) - 1)
    return refuse("securityContext.runAsGroup", "is too large");
  if (security.run_as_non_root() && user == 0)
    return make_error(ec::forbidden,
                      "container has runAsNonRoot and image will run as root");
  std::vector<char> memory;
  auto entry = find_user("", user, memory);
  if (who.user >= 0 && who.group < 0)
    who.group = entry ? static_cast<int64_t>(entry->pw_gid) : 0;
  who.home = entry ? entry->pw_dir : "/";
  return who;
}

/// TROUPE_VOLUME_cache for a volume named cache.
std::string volume_variable(const std::string& name) {
  auto result = "TROUPE_VOLUME_" + name;
  std::replace(result.begin(), result.end(), '-', '_');
  return result;
}

using variables = std::map<std::string, std::string>;

/// Where nothing can be mounted: a link in the container's own folder.
caf::error link_volume(const container::Mount& mount, const setup_place& place,
                       variables& env) {
  // Nobody looks for what is no volume by its name.
  if (mount.name().empty() && mount.best_effort())
    return {};
  auto& target = mount.container_path();
  auto inside = place.folder + "/volumes/" + mount.name();
  auto absolute = !target.empty() && target.front() == '/';
  if (absolute && target.compare(0, place.folder.size(), place.folder) != 0
      && !mount.best_effort())
    return refuse("mountPath " + target,
                  "this machine allows no mount namespaces, so volumes appear "
                  "only where TROUPE_VOLUME_<name> says; leave the mountPath "
                  "relative or run as root");
  std::error_code code;
  auto place_link = [&](const std::string& path) {
    std::filesystem::create_directories(
        std::filesystem::path{path}.parent_path(), code);
    std::filesystem::remove(path, code);
    std::filesystem::create_symlink(mount.host_path(), path, code);
    return !code;
  };
  auto good = place_link(inside);
  if (!absolute && target.find("..") == target.npos && target != mount.name())
    good = place_link(place.folder + "/" + target) && good;
  if (!good)
    return refuse("volume " + mount.name(), code.message());
  env[volume_variable(mount.name())] = inside;
  return {};
}

caf::error check_mount(const container::Mount& mount) {
  auto& target = mount.container_path();
  if (target.empty() || has_nul(target) || target.size() > 4000)
    return refuse("mountPath", "must be a path");
  if (target.find_first_not_of("/.") == target.npos)
    return refuse("mountPath " + target, "the root cannot be mounted over");
  if (mount.host_path().empty() || mount.host_path().front() != '/'
      || has_nul(mount.host_path()))
    return refuse("volume " + mount.name(), "its source must be absolute");
  if (mount.name().find('/') != std::string::npos || mount.name() == ".."
      || mount.name() == "." || has_nul(mount.name()))
    return refuse("volume " + mount.name(), "is no volume name");
  struct stat info {};
  if (stat(mount.host_path().c_str(), &info) != 0)
    return refuse("volume " + mount.name(),
                  mount.host_path() + ": " + strerror(errno));
  return {};
}

/// The file for the container's last words; a volume at its path is the pod's
/// own affair. It must not keep a container from running.
caf::error take_message(const container::ContainerConfig& config,
                        const setup_place& place, variables& env,
                        std::vector<mount_point>& out) {
  auto& target = config.message_path();
  auto same = [&](auto& mount) { return mount.target == target; };
  if (target.empty() || target.front() != '/' || has_nul(target)
      || target.size() > 4000 || std::any_of(out.begin(), out.end(), same))
    return {};
  auto file = place.folder + "/" + message_file;
  if (auto err = write_file(file, {}))
    return err;
  // Whoever the container runs as may write it.
  if (chmod(file.c_str(), 0666) != 0)
    return refuse("terminationMessagePath", strerror(errno));
  if ((place.isolation & use_mounts) != 0)
    out.push_back({target, file, mount_best_effort});
  else
    env["TROUPE_TERMINATION_MESSAGE"] = file;
  return {};
}

caf::error take_mounts(const container::ContainerConfig& config,
                       const setup_place& place, variables& env,
                       std::vector<mount_point>& out) {
  auto resolv_conf = place.resolv_conf;
  for (auto& mount : config.mounts()) {
    if (auto err = check_mount(mount))
      return err;
    if ((place.isolation & use_mounts) == 0) {
      if (auto err = link_volume(mount, place, env))
        return err;
      continue;
    }
    auto target = mount.container_path();
    if (target.front() != '/')
      target.insert(0, "/");
    while (target.size() > 1 && target.back() == '/')
      target.pop_back();
    if (!mount.name().empty())
      env[volume_variable(mount.name())] = target;
    if (target == "/etc/resolv.conf")
      resolv_conf.clear();
    out.push_back({target, mount.host_path(),
                   (mount.read_only() ? mount_read_only : 0u)
                       | (mount.best_effort() ? mount_best_effort : 0u)});
  }
  if (auto err = take_message(config, place, env, out))
    return err;
  if (!resolv_conf.empty() && (place.isolation & use_mounts)
      && access("/etc/resolv.conf", F_OK) == 0)
    out.push_back({"/etc/resolv.conf", resolv_conf, mount_read_only});
  if (out.size() > max_mounts)
    return refuse("volumeMounts", "at most 256 are possible");
  return {};
}

void take_environment(const container::ContainerConfig& config,
                      const image_config& image, const setup_place& place,
                      const identity& who, variables& env) {
  for (auto& text : image.environment)
    if (auto sign = text.find('='); sign != text.npos && sign > 0)
      env[text.substr(0, sign)] = text.substr(sign + 1);
  for (auto& variable : config.env())
    env[variable.name()] = variable.value();
  env.emplace("PATH", default_path);
  env.emplace("HOME", who.home);
  env.emplace("HOSTNAME", place.hostname);
  if (config.tty())
    env.emplace("TERM", "xterm");
}

uint32_t flags_of(const container::ContainerConfig& config,
                  const setup_place& place) {
  uint32_t flags = 0;
  auto& security = config.security();
  flags |= config.tty() ? with_tty : 0u;
  flags |= config.stdin() ? with_stdin : 0u;
  flags |= config.stdin_once() ? stdin_once : 0u;
  flags |= security.read_only_root() ? read_only_root : 0u;
  flags |= security.no_new_privileges() ? no_new_privileges : 0u;
  if (place.processes == container::CONTAINER
      && (place.isolation & use_processes))
    flags |= own_processes;
  // What they see is what is mounted at /proc.
  constexpr auto both = use_processes | use_mounts;
  if (place.processes == container::POD && (place.isolation & both) == both)
    flags |= shared_processes;
  return flags;
}

std::string whole_log_path(const container::ContainerConfig& config,
                           const setup_place& place) {
  if (config.log_path().empty() || place.log_directory.empty())
    return {};
  return place.log_directory + "/" + config.log_path();
}

} // namespace

caf::error check_variables(const container::ContainerConfig& config) {
  for (auto& variable : config.env()) {
    if (variable.name().empty() || has_nul(variable.name())
        || variable.name().find('=') != std::string::npos)
      return refuse("env", "\"" + variable.name() + "\" is no variable name");
    if (has_nul(variable.value()))
      return refuse("env." + variable.name(), "must not contain a NUL");
  }
  return {};
}

expected<std::string> set_up(const container::ContainerConfig& config,
                             const image_config& image,
                             const setup_place& place) {
  if (auto err = check_texts(config))
    return err;
  auto arguments = process_arguments(
      image, {config.command().begin(), config.command().end()},
      {config.args().begin(), config.args().end()});
  if (arguments.empty() || arguments.front().empty())
    return refuse("command", "no command specified, and image \""
                                 + config.image() + "\" has none");
  auto who = find_identity(config, image);
  if (!who)
    return who.error();
  auto capabilities = kept_capabilities(config.security());
  if (!capabilities)
    return capabilities.error();
  auto& security = config.security();
  if (security.read_only_root() && (place.isolation & use_mounts) == 0)
    return refuse("securityContext.readOnlyRootFilesystem",
                  "this machine allows no mount namespaces");
  auto stop_name =
      config.stop_signal().empty() ? image.stop_signal : config.stop_signal();
  auto stop = stop_name.empty() ? SIGTERM : signal_number(stop_name);
  if (stop == 0)
    return refuse("stopSignal", "unknown signal \"" + stop_name + "\"");
  variables env;
  std::vector<mount_point> mounts;
  if (auto err = take_mounts(config, place, env, mounts))
    return err;
  take_environment(config, image, place, *who, env);
  auto working_dir =
      config.working_dir().empty() ? image.working_dir : config.working_dir();
  if (working_dir.empty() || working_dir.front() != '/')
    working_dir.insert(0, "/");
  std::string result;
  wire_writer<std::string> out{result};
  out.text(place.container_id)
      .text(place.folder)
      .u32(flags_of(config, place))
      .i64(stop)
      .i64(who->user)
      .i64(who->group)
      .i64(static_cast<int64_t>(*capabilities))
      .text(working_dir)
      .text(whole_log_path(config, place))
      .i64(config.log_max_bytes())
      .u32(config.log_max_files())
      .u32(static_cast<uint32_t>(security.supplemental_groups_size()));
  for (auto group : security.supplemental_groups())
    out.i64(group);
  out.u32(static_cast<uint32_t>(mounts.size()));
  for (auto& mount : mounts)
    out.text(mount.target).text(mount.source).u32(mount.flags);
  out.texts(arguments);
  out.u32(static_cast<uint32_t>(env.size()));
  for (auto& [name, value] : env)
    out.text(name + "=" + value);
  if (result.size() > max_frame)
    return refuse("container", "command and environment are too large");
  return result;
}

} // namespace troupe::process
