#include "runtime/oci/devices.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace troupe::oci {

namespace {

namespace fs = std::filesystem;

std::optional<device> look_at(const fs::path& on_node, const fs::path& inside,
                              const std::string& access) {
  struct stat info {};
  if (stat(on_node.c_str(), &info) != 0
      || (!S_ISCHR(info.st_mode) && !S_ISBLK(info.st_mode)))
    return std::nullopt;
  device result;
  result.path = inside.string();
  result.type = S_ISCHR(info.st_mode) ? 'c' : 'b';
  result.major = major(info.st_rdev);
  result.minor = minor(info.st_rdev);
  result.mode = info.st_mode & 0777;
  result.user = info.st_uid;
  result.group = info.st_gid;
  result.access = access;
  return result;
}

void add_folder(const fs::path& on_node, const fs::path& inside,
                const std::string& access, std::vector<device>& out) {
  std::error_code code;
  for (auto& entry : fs::directory_iterator(on_node, code)) {
    auto name = entry.path().filename();
    if (entry.is_symlink(code))
      continue;
    if (entry.is_directory(code))
      add_folder(entry.path(), inside / name, access, out);
    else if (auto found = look_at(entry.path(), inside / name, access))
      out.push_back(std::move(*found));
  }
}

} // namespace

expected<std::vector<device>>
find_devices(const container::ContainerConfig& config) {
  std::vector<device> result;
  for (auto& asked : config.devices()) {
    auto access = asked.permissions().empty() ? "rwm" : asked.permissions();
    auto& inside = asked.container_path().empty() ? asked.host_path()
                                                  : asked.container_path();
    std::error_code code;
    if (access.find_first_not_of("rwm") != access.npos || inside.empty()
        || inside.front() != '/')
      return make_error(ec::invalid, "device " + asked.host_path()
                                         + ": access must be of r, w and m, "
                                           "and its path absolute");
    if (fs::is_directory(asked.host_path(), code))
      add_folder(asked.host_path(), inside, access, result);
    else if (auto found = look_at(asked.host_path(), inside, access))
      result.push_back(std::move(*found));
    else
      return make_error(ec::invalid,
                        "device " + asked.host_path() + " is not there");
  }
  return result;
}

std::vector<device> all_devices() {
  std::vector<device> result;
  std::error_code code;
  for (auto& entry : fs::directory_iterator("/dev", code)) {
    auto name = entry.path().filename().string();
    if (name == "pts" || name == "shm" || name == "fd" || name == "mqueue"
        || name == "console" || name == "ptmx" || name == "tty"
        || name == "null" || name == "zero" || name == "full"
        || name == "random" || name == "urandom" || entry.is_symlink(code))
      continue;
    if (entry.is_directory(code))
      add_folder(entry.path(), entry.path(), "rwm", result);
    else if (auto found = look_at(entry.path(), entry.path(), "rwm"))
      result.push_back(std::move(*found));
  }
  return result;
}

} // namespace troupe::oci
