#include "runtime/oci/accounts.hpp"

#include <algorithm>
#include <charconv>
#include <fcntl.h>
#include <linux/openat2.h>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace troupe::oci {

namespace {

constexpr size_t largest_file = 1 << 20;

using fields = std::vector<std::string_view>;

fields split(std::string_view text, char at) {
  fields result;
  for (size_t begin = 0; begin <= text.size();) {
    auto end = std::min(text.find(at, begin), text.size());
    result.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

std::optional<uint32_t> number_of(std::string_view text) {
  uint32_t result = 0;
  auto end = text.data() + text.size();
  auto [at, code] = std::from_chars(text.data(), end, result);
  if (text.empty() || at != end || code != std::errc{} || result > INT32_MAX)
    return std::nullopt;
  return result;
}

/// The first line whose field number `i` is `wanted`.
std::optional<fields> find_line(std::string_view text, size_t i,
                                std::string_view wanted) {
  for (auto line : split(text, '\n')) {
    auto parts = split(line, ':');
    if (parts.size() > 3 && parts[i] == wanted)
      return parts;
  }
  return std::nullopt;
}

struct user_entry {
  std::string name;
  uint32_t user = 0;
  uint32_t group = 0;
  std::string home;
};

std::optional<user_entry> find_user(const accounts& known, std::string_view who,
                                    bool by_number) {
  auto line = find_line(known.passwd, by_number ? 2 : 0, who);
  if (!line)
    return std::nullopt;
  user_entry result;
  result.name = (*line)[0];
  result.user = number_of((*line)[2]).value_or(0);
  result.group = number_of((*line)[3]).value_or(0);
  if (line->size() > 5)
    result.home = (*line)[5];
  return result;
}

caf::error no_user(std::string_view name) {
  return make_error(ec::invalid, "unable to find user " + std::string{name}
                                     + ": no matching entries in passwd file");
}

expected<user_entry> user_of(const accounts& known, std::string_view text) {
  if (auto number = number_of(text)) {
    if (auto entry = find_user(known, text, true))
      return *entry;
    return user_entry{{}, *number, 0, "/"};
  }
  if (auto entry = find_user(known, text, false))
    return *entry;
  return no_user(text);
}

expected<uint32_t> group_of(const accounts& known, std::string_view text) {
  if (auto number = number_of(text))
    return *number;
  if (auto line = find_line(known.group, 0, text))
    if (auto number = number_of((*line)[2]))
      return *number;
  return make_error(ec::invalid, "unable to find group " + std::string{text}
                                     + ": no matching entries in group file");
}

void add(identity& who, uint32_t group) {
  if (std::find(who.groups.begin(), who.groups.end(), group)
      == who.groups.end())
    who.groups.push_back(group);
}

/// Those of /etc/group that the user is in.
void add_groups_of(identity& who, const accounts& known,
                   const std::string& name) {
  if (name.empty())
    return;
  for (auto line : split(known.group, '\n')) {
    auto parts = split(line, ':');
    if (parts.size() < 4)
      continue;
    auto members = split(parts[3], ',');
    if (auto number = number_of(parts[2]);
        number
        && std::find(members.begin(), members.end(), name) != members.end())
      add(who, *number);
  }
}

caf::error forbid(const std::string& why, const std::string& whose) {
  return make_error(ec::forbidden, why + " " + whose);
}

// Kubernetes: the kubelet asks this before it creates a container.
caf::error check_non_root(const container::Security& security,
                          std::string_view image_user,
                          const std::string& whose) {
  if (!security.run_as_non_root())
    return {};
  if (security.has_run_as_user())
    return security.run_as_user() == 0
               ? forbid("container's runAsUser breaks non-root policy", whose)
               : caf::error{};
  auto number = number_of(image_user);
  if (image_user.empty() || (number && *number == 0))
    return forbid("container has runAsNonRoot and image will run as root",
                  whose);
  if (!number)
    return forbid("container has runAsNonRoot and image has non-numeric user ("
                      + std::string{image_user}
                      + "), cannot verify user is non-root",
                  whose);
  return {};
}

/// Whether the layer says that what is below it is not there.
bool hides(int layer, const std::string& path) {
  for (size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    auto part = path.substr(0, end);
    struct stat info {};
    if (fstatat(layer, part.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
      return false;
    if (S_ISCHR(info.st_mode) && info.st_rdev == makedev(0, 0))
      return true;
    auto folder = openat(layer, part.c_str(),
                         O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    char value = 0;
    auto opaque = folder >= 0
                  && fgetxattr(folder, "trusted.overlay.opaque", &value, 1) == 1
                  && value == 'y';
    if (folder >= 0)
      close(folder);
    if (opaque)
      return true;
  }
  return false;
}

int open_in(int layer, const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(
      syscall(SYS_openat2, layer, path.c_str(), &how, sizeof(how)));
}

std::string read_all(int fd) {
  struct stat info {};
  std::string result;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
    return result;
  char bytes[4096];
  ssize_t size = 0;
  while (result.size() < largest_file
         && (size = read(fd, bytes, sizeof(bytes))) > 0)
    result.append(bytes, static_cast<size_t>(size));
  return result;
}

} // namespace

expected<identity> find_identity(const container::Security& security,
                                 const std::string& image_user,
                                 const accounts& known,
                                 const std::string& whose) {
  auto colon = image_user.find(':');
  auto name = image_user.substr(0, colon);
  if (auto err = check_non_root(security, name, whose))
    return err;
  auto own = security.has_run_as_user() ? std::to_string(security.run_as_user())
                                        : security.run_as_username();
  auto from_image = own.empty();
  auto entry = user_of(known, from_image ? (name.empty() ? "0" : name) : own);
  if (!entry)
    return entry.error();
  identity who;
  who.user = entry->user;
  who.group = entry->group;
  if (!entry->home.empty())
    who.home = entry->home;
  if (security.has_run_as_group()) {
    who.group = static_cast<uint32_t>(security.run_as_group());
  } else if (from_image && colon != std::string::npos) {
    auto group = group_of(known, image_user.substr(colon + 1));
    if (!group)
      return group.error();
    who.group = *group;
  }
  add(who, who.group);
  if (!security.strict_groups())
    add_groups_of(who, known, entry->name);
  for (auto group : security.supplemental_groups())
    add(who, static_cast<uint32_t>(group));
  return who;
}

std::string file_of_image(const std::vector<std::string>& layers,
                          const std::string& path) {
  for (auto& folder : layers) {
    auto layer = open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (layer < 0)
      continue;
    auto fd = open_in(layer, path);
    auto over = fd >= 0 || hides(layer, path);
    close(layer);
    std::string result;
    if (fd >= 0) {
      result = read_all(fd);
      close(fd);
    }
    if (over)
      return result;
  }
  return {};
}

accounts accounts_of_image(const std::vector<std::string>& layers) {
  return {file_of_image(layers, "etc/passwd"),
          file_of_image(layers, "etc/group")};
}

} // namespace troupe::oci
