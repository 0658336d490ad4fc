#include "runtime/process/shim.hpp"

#include <climits>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

// Control groups: every process of a container is in them, also one that is
// below nobody's init any more.

namespace troupe::process::shim {

int kill_groups(char** groups, int signal) {
  if (groups == nullptr || groups[0] == nullptr)
    return 0;
  // All hierarchies hold the same processes.
  char path[PATH_MAX];
  snprintf(path, sizeof(path), "%s/cgroup.procs", groups[0]);
  auto file = fopen(path, "re");
  if (file == nullptr)
    return 0;
  int met = 0;
  int pid = 0;
  while (fscanf(file, "%d", &pid) == 1)
    if (pid > 0 && pid != getpid() && kill(pid, signal) == 0)
      ++met;
  fclose(file);
  return met;
}

char** copy_groups(char** groups) {
  size_t count = 0;
  while (groups[count] != nullptr)
    ++count;
  auto result = static_cast<char**>(calloc(count + 1, sizeof(char*)));
  if (result == nullptr)
    abort();
  for (size_t i = 0; i < count; ++i)
    result[i] = strdup(groups[i]);
  return result;
}

void free_groups(char** groups) {
  for (auto at = groups; at != nullptr && *at != nullptr; ++at)
    free(*at);
  free(groups);
}

bool remove_groups(char** groups) {
  bool all = true;
  for (auto at = groups; at != nullptr && *at != nullptr; ++at)
    if (rmdir(*at) != 0 && errno != ENOENT)
      all = false;
  return all;
}

} // namespace troupe::process::shim
