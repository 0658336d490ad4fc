#include "tests/support/machine_view.hpp"

#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/file.h>
#include <unistd.h>

namespace troupe::test {

namespace {

namespace fs = std::filesystem;

bool is_number(const std::string& text) {
  return !text.empty()
         && text.find_first_not_of("0123456789") == std::string::npos;
}

/// Fills in what the status line says; false for one that is gone or dead.
bool read_stat(const fs::path& proc, seen_process& out) {
  auto text = content_of(proc / "stat");
  auto open = text.find('(');
  auto close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos)
    return false;
  out.name = text.substr(open + 1, close - open - 1);
  char state = 0;
  std::istringstream{text.substr(close + 1)} >> state >> out.parent;
  return state != 'Z' && state != 'X';
}

} // namespace

std::string content_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<seen_process> processes() {
  std::vector<seen_process> result;
  std::error_code gone;
  for (auto& entry : fs::directory_iterator("/proc", gone)) {
    auto number = entry.path().filename().string();
    seen_process p;
    if (!is_number(number) || !read_stat(entry.path(), p))
      continue;
    p.pid = std::stoi(number);
    p.folder = fs::read_symlink(entry.path() / "cwd", gone).string();
    p.command = content_of(entry.path() / "cmdline");
    for (auto& c : p.command)
      c = c == '\0' ? ' ' : c;
    std::istringstream variables{content_of(entry.path() / "environ")};
    for (std::string line; std::getline(variables, line, '\0');)
      if (auto at = line.find('='); at != std::string::npos)
        p.environment[line.substr(0, at)] = line.substr(at + 1);
    result.push_back(std::move(p));
  }
  return result;
}

std::multimap<std::string, pid_t> shims(const std::vector<seen_process>& all,
                                        const fs::path& data) {
  // A shim works in its pod's folder, below that of a node or of the process
  // that the node has for its own; the inits that it forks do not.
  auto prefix = data.string() + "/";
  std::multimap<std::string, pid_t> result;
  for (auto& p : all) {
    if (p.name != "troupe-shim" || p.folder.rfind(prefix, 0) != 0)
      continue;
    auto id = fs::path{p.folder}.filename().string();
    result.emplace(id.substr(0, id.rfind('_')), p.pid);
  }
  return result;
}

std::vector<seen_process> with_variable(const std::vector<seen_process>& all,
                                        const std::string& name,
                                        const std::string& value) {
  std::vector<seen_process> result;
  for (auto& p : all)
    if (auto at = p.environment.find(name);
        at != p.environment.end() && at->second == value)
      result.push_back(p);
  return result;
}

std::vector<std::string> interfaces_of(const std::string& addresses) {
  std::vector<std::string> result;
  std::error_code none;
  for (auto& entry : fs::directory_iterator("/sys/class/net", none)) {
    auto alias = content_of(entry.path() / "ifalias");
    if (alias.rfind("troupe ", 0) == 0
        && alias.find(" " + addresses) != std::string::npos)
      result.push_back(entry.path().filename().string() + ": " + alias);
  }
  return result;
}

std::vector<std::string> mounts_below(const fs::path& folder) {
  std::vector<std::string> result;
  std::ifstream in{"/proc/self/mountinfo"};
  for (std::string line; std::getline(in, line);)
    if (line.find(" " + folder.string()) != std::string::npos)
      result.push_back(line);
  return result;
}

bool is_locked(const fs::path& file) {
  auto fd = open(file.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0)
    return false;
  auto free = flock(fd, LOCK_EX | LOCK_NB) == 0;
  // There are two kinds of locks, which know nothing of each other.
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  free = free && fcntl(fd, F_OFD_GETLK, &range) == 0 && range.l_type == F_UNLCK;
  close(fd);
  return !free;
}

} // namespace troupe::test
