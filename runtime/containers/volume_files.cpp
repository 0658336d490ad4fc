#include "runtime/containers/volume_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe {

namespace fs = std::filesystem;

namespace {

// Failures travel as text within this file.
struct failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] void fail(const char* what, const std::string& path) {
  throw failure{std::string{what} + " " + path + ": " + std::strerror(errno)};
}

void make_folder(const std::string& path, mode_t mode) {
  if (mkdir(path.c_str(), mode) != 0) {
    if (errno != EEXIST)
      fail("cannot make", path);
    return;
  }
  // The process' mask must not decide who may write.
  if (chmod(path.c_str(), mode) != 0)
    fail("cannot set the mode of", path);
}

void make_folders(const fs::path& path, mode_t mode) {
  if (path.empty() || path == path.root_path())
    return;
  struct stat info;
  if (stat(path.c_str(), &info) == 0)
    return;
  make_folders(path.parent_path(), mode);
  make_folder(path.string(), mode);
}

void give_to(const std::string& path, int64_t group) {
  // Without the right to give, the files stay ours, and readable by mode.
  if (group >= 0
      && lchown(path.c_str(), static_cast<uid_t>(-1), static_cast<gid_t>(group))
             != 0)
    errno = 0;
}

void write_file(const std::string& path, const std::string& bytes,
                mode_t mode) {
  int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    fail("cannot make", path);
  size_t at = 0;
  while (at < bytes.size()) {
    auto n = ::write(fd, bytes.data() + at, bytes.size() - at);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      auto error = errno;
      close(fd);
      errno = error;
      fail("cannot write", path);
    }
    at += static_cast<size_t>(n);
  }
  if (fchmod(fd, mode) != 0) {
    close(fd);
    fail("cannot set the mode of", path);
  }
  close(fd);
}

bool holds(const std::string& path, const rules::planned_file& file) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)
      || static_cast<int32_t>(info.st_mode & 07777) != file.mode
      || static_cast<size_t>(info.st_size) != file.bytes.size())
    return false;
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  std::string bytes(file.bytes.size(), '\0');
  size_t at = 0;
  while (at < bytes.size()) {
    auto n = read(fd, bytes.data() + at, bytes.size() - at);
    if (n <= 0)
      break;
    at += static_cast<size_t>(n);
  }
  close(fd);
  return at == bytes.size() && bytes == file.bytes;
}

// Replaces what is at `path` by a link, at once.
void set_link(const std::string& path, const std::string& target) {
  auto fresh = path + ".new";
  unlink(fresh.c_str());
  if (symlink(target.c_str(), fresh.c_str()) != 0)
    fail("cannot link", fresh);
  if (rename(fresh.c_str(), path.c_str()) != 0)
    fail("cannot exchange", path);
}

std::string link_target(const std::string& path) {
  std::error_code error;
  auto target = fs::read_symlink(path, error);
  return error ? std::string{} : target.string();
}

// Whether every name leads to the present content: whoever wrote it may have
// been killed before.
bool is_linked(const std::string& folder, const rules::volume_plan& plan) {
  auto names = rules::top_names(plan);
  return std::all_of(names.begin(), names.end(), [&](auto& name) {
    return link_target(folder + "/" + name) == "..data/" + name;
  });
}

// Whether the present content is the planned one, with nothing beside it.
bool is_present(const std::string& folder, const rules::volume_plan& plan) {
  auto data = folder + "/..data";
  if (link_target(data).empty() || !is_linked(folder, plan))
    return false;
  std::set<std::string> paths;
  for (const auto& file : plan.files) {
    if (!holds(data + "/" + file.path, file))
      return false;
    paths.insert(file.path);
  }
  auto present = fs::path{folder} / link_target(data);
  for (const auto& entry : fs::recursive_directory_iterator{present})
    if (entry.is_regular_file()
        && paths.count(fs::relative(entry.path(), present).string()) == 0)
      return false;
  return true;
}

std::string next_version(const std::string& folder) {
  auto last = link_target(folder + "/..data");
  uint64_t number = 0;
  if (last.rfind("..v", 0) == 0)
    number = std::strtoull(last.c_str() + 3, nullptr, 10);
  return "..v" + std::to_string(number + 1);
}

void write_files(const std::string& folder, const rules::volume_plan& plan) {
  make_folders(folder, 0755);
  if (is_present(folder, plan))
    return;
  auto version = next_version(folder);
  auto fresh = folder + "/" + version;
  fs::remove_all(fresh);
  make_folder(fresh, 0755);
  for (const auto& file : plan.files) {
    auto path = fs::path{fresh} / file.path;
    make_folders(path.parent_path(), 0755);
    write_file(path.string(), file.bytes, static_cast<mode_t>(file.mode));
    give_to(path.string(), plan.owner_group);
  }
  auto old = link_target(folder + "/..data");
  set_link(folder + "/..data", version);
  auto names = rules::top_names(plan);
  for (const auto& name : names)
    if (link_target(folder + "/" + name) != "..data/" + name)
      set_link(folder + "/" + name, "..data/" + name);
  for (const auto& entry : fs::directory_iterator{folder}) {
    auto name = entry.path().filename().string();
    if (name.rfind("..", 0) != 0
        && std::find(names.begin(), names.end(), name) == names.end())
      fs::remove_all(entry.path());
  }
  if (!old.empty() && old != version)
    fs::remove_all(folder + "/" + old);
}

mode_t type_of(const std::string& host_type) {
  if (host_type == "Directory" || host_type == "DirectoryOrCreate")
    return S_IFDIR;
  if (host_type == "File" || host_type == "FileOrCreate")
    return S_IFREG;
  if (host_type == "Socket")
    return S_IFSOCK;
  if (host_type == "CharDevice")
    return S_IFCHR;
  return host_type == "BlockDevice" ? S_IFBLK : 0;
}

void write_plan(const std::string& folder, const rules::volume_plan& plan) {
  switch (plan.kind) {
    case rules::volume_plan::form::directory:
      make_folders(fs::path{folder}.parent_path(), 0755);
      make_folder(folder, plan.owner_group >= 0 ? 02777 : 0777);
      give_to(folder, plan.owner_group);
      break;
    case rules::volume_plan::form::files:
      write_files(folder, plan);
      break;
    case rules::volume_plan::form::host_path:
      if (auto problem = check_host_path(plan); !problem.empty())
        throw failure{problem};
  }
}

// Runs `what`; returns why it failed.
template <class F>
std::string attempt(F&& what) {
  try {
    what();
    return {};
  } catch (const std::exception& e) {
    return e.what();
  }
}

} // namespace

std::string volume_path(const std::string& pod_folder,
                        const rules::volume_plan& plan) {
  if (plan.kind == rules::volume_plan::form::host_path)
    return plan.host_path;
  return pod_folder + "/volumes/" + plan.name;
}

std::string check_host_path(const rules::volume_plan& plan) {
  return attempt([&] {
    const auto& path = plan.host_path;
    struct stat info;
    bool there = stat(path.c_str(), &info) == 0;
    if (!there && plan.host_type == "DirectoryOrCreate") {
      make_folders(path, 0755);
    } else if (!there && plan.host_type == "FileOrCreate") {
      write_file(path, {}, 0644);
    } else if (auto type = type_of(plan.host_type); type != 0) {
      if (!there || (info.st_mode & S_IFMT) != type)
        throw failure{"hostPath type check failed: " + path + " is not a "
                      + plan.host_type};
    }
  });
}

std::string write_volume(const std::string& folder,
                         const rules::volume_plan& plan) {
  auto problem = attempt([&] { write_plan(folder, plan); });
  return problem.empty() ? problem : "volume \"" + plan.name + "\": " + problem;
}

void volume_files::write(std::string pod_folder,
                         std::vector<rules::volume_plan> plans,
                         std::vector<std::string> sub_folders, done tell) {
  thread_.post([pod_folder = std::move(pod_folder), plans = std::move(plans),
                sub_folders = std::move(sub_folders), tell = std::move(tell)] {
    for (const auto& plan : plans)
      if (auto problem = write_volume(volume_path(pod_folder, plan), plan);
          !problem.empty())
        return tell(problem);
    auto problem = attempt([&] {
      for (const auto& path : sub_folders)
        make_folders(pod_folder + "/volumes/" + path, 0777);
    });
    tell(problem);
  });
}

void volume_files::remove(std::string folder, done tell) {
  thread_.post([folder = std::move(folder), tell = std::move(tell)] {
    tell(attempt([&] { fs::remove_all(folder); }));
  });
}

} // namespace troupe
