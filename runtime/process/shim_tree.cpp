#include "runtime/process/shim.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace troupe::process::shim {

namespace {

struct entry {
  pid_t pid = 0;
  pid_t parent = 0;
  bool below = false;
  bool dead = false;
};

bool read_entry(const char* name, entry& out) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%.20s/stat", name);
  auto fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  char text[512];
  auto size = read(fd, text, sizeof(text) - 1);
  close(fd);
  if (size <= 0)
    return false;
  text[size] = '\0';
  // The name may hold anything, brackets included.
  auto behind = strrchr(text, ')');
  char state = 0;
  if (behind == nullptr
      || sscanf(behind + 1, " %c %d", &state, &out.parent) != 2)
    return false;
  out.pid = atoi(name);
  out.dead = state == 'Z' || state == 'X';
  return true;
}

size_t read_all(entry*& entries) {
  auto folder = opendir("/proc");
  if (folder == nullptr)
    return 0;
  size_t count = 0;
  size_t capacity = 0;
  while (auto item = readdir(folder)) {
    if (item->d_name[0] < '1' || item->d_name[0] > '9')
      continue;
    if (count == capacity) {
      capacity = capacity == 0 ? 256 : capacity * 2;
      entries = static_cast<entry*>(realloc(entries, capacity * sizeof(entry)));
      if (entries == nullptr)
        abort();
    }
    entries[count] = entry{};
    if (read_entry(item->d_name, entries[count]))
      ++count;
  }
  closedir(folder);
  return count;
}

} // namespace

int signal_descendants(pid_t root, int signal, const pid_t* except,
                       size_t except_count) {
  entry* entries = nullptr;
  auto count = read_all(entries);
  int met = 0;
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < count; ++i) {
      auto& e = entries[i];
      auto spared = false;
      for (size_t k = 0; k < except_count; ++k)
        spared = spared || except[k] == e.pid;
      if (e.below || spared)
        continue;
      auto below = e.parent == root;
      for (size_t k = 0; !below && k < count; ++k)
        below = entries[k].below && entries[k].pid == e.parent;
      if (below)
        e.below = changed = true;
    }
  }
  for (size_t i = 0; i < count; ++i)
    if (entries[i].below && !entries[i].dead
        && kill(entries[i].pid, signal) == 0)
      ++met;
  free(entries);
  return met;
}

} // namespace troupe::process::shim
