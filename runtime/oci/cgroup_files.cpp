#include "runtime/oci/cgroup_files.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::oci {

namespace {

namespace fs = std::filesystem;

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream out;
  // Unlike an iterator, this does not throw when the group goes away meanwhile.
  out << file.rdbuf();
  return out.str();
}

caf::error write_value(const std::string& path, const std::string& value) {
  auto fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  auto size = fd < 0 ? -1 : write(fd, value.data(), value.size());
  auto code = errno;
  if (fd >= 0)
    close(fd);
  if (size == static_cast<ssize_t>(value.size()))
    return {};
  return make_error(ec::internal_error, "write \"" + value + "\" to " + path
                                            + ": " + strerror(code));
}

/// A new group of version 1 has no processors until it is told.
void inherit(const std::string& folder, const char* file) {
  auto own = folder + "/" + file;
  auto text = content_of(own);
  if (!text.empty() && text != "\n")
    return;
  auto above = content_of(fs::path{folder}.parent_path() / file);
  if (!above.empty())
    write_value(own, above);
}

caf::error make_one(const hierarchy& h, const std::string& folder,
                    bool unified) {
  if (unified)
    for (auto& name : h.controllers)
      // Those that the machine has not are no loss.
      write_value(fs::path{folder}.parent_path() / "cgroup.subtree_control",
                  "+" + name);
  if (mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST)
    return make_error(ec::internal_error,
                      "mkdir " + folder + ": " + strerror(errno));
  for (auto& name : h.controllers)
    if (name == "cpuset" && !unified) {
      inherit(folder, "cpuset.cpus");
      inherit(folder, "cpuset.mems");
    }
  return {};
}

void kill_in(const fs::path& folder) {
  std::ifstream file(folder / "cgroup.procs");
  for (pid_t pid = 0; file >> pid;)
    if (pid > 0)
      ::kill(pid, SIGKILL);
}

/// Depth first: a group with others below it cannot be removed.
bool remove_tree(const fs::path& folder, bool kill) {
  std::error_code code;
  if (kill)
    kill_in(folder);
  for (auto& entry : fs::directory_iterator(folder, code))
    if (entry.is_directory(code))
      remove_tree(entry.path(), kill);
  return rmdir(folder.c_str()) == 0 || errno == ENOENT;
}

} // namespace

cgroup_layout read_layout() {
  auto result = parse_layout(content_of("/proc/self/mountinfo"));
  std::error_code code;
  if (auto memory = result.folder_of("memory"); !memory.empty())
    result.counts_swap =
        result.unified
            ? fs::exists("/proc/swaps", code)
            : fs::exists(memory + "/memory.memsw.limit_in_bytes", code);
  return result;
}

std::string node_prefix(const std::string& pods_folder) {
  std::error_code code;
  auto whole = fs::weakly_canonical(pods_folder, code);
  return cgroup_prefix(code ? pods_folder : whole.string());
}

caf::error make_group(const cgroup_layout& layout, const std::string& path) {
  for (auto& h : layout.hierarchies)
    for (size_t end = 0; end < path.size();) {
      end = std::min(path.find('/', end + 1), path.size());
      if (auto err =
              make_one(h, h.folder + path.substr(0, end), layout.unified))
        return err;
    }
  return {};
}

caf::error apply(const std::vector<setting>& settings) {
  caf::error first;
  for (auto& each : settings)
    if (auto err = write_value(each.file, each.value); err && !first)
      first = err;
  return first;
}

bool remove_group(const cgroup_layout& layout, const std::string& path,
                  bool kill) {
  bool all = true;
  for (auto& folder : folders_of(layout, path))
    all = remove_tree(folder, kill) && all;
  return all;
}

void drop_group(const cgroup_layout& layout, const std::string& path) {
  for (auto& folder : folders_of(layout, path))
    rmdir(folder.c_str());
}

usage read_usage(const cgroup_layout& layout, const std::string& path) {
  auto files = usage_files(layout, path);
  for (auto text :
       {&files.cpu, &files.memory, &files.memory_stat, &files.processes})
    *text = text->empty() ? std::string{} : content_of(*text);
  return usage_of(layout, files);
}

} // namespace troupe::oci
