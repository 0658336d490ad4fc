#include "runtime/process/shim.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

namespace troupe::process::shim {

namespace {

/// Longer lines are written in parts, as containerd does.
constexpr size_t longest_line = 16 * 1024;
constexpr size_t header_size = 48;

void make_folders(const char* path) {
  char folder[4096];
  for (size_t i = 1; path[i] != '\0' && i < sizeof(folder); ++i)
    if (path[i] == '/') {
      memcpy(folder, path, i);
      folder[i] = '\0';
      mkdir(folder, 0755);
    }
}

/// "2026-01-01T00:00:00.000000000Z stdout F "
size_t format_header(char* out, int channel, bool whole) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  static time_t last = -1;
  static char second[24];
  if (now.tv_sec != last) {
    tm parts{};
    gmtime_r(&now.tv_sec, &parts);
    strftime(second, sizeof(second), "%Y-%m-%dT%H:%M:%S", &parts);
    last = now.tv_sec;
  }
  auto size = snprintf(out, header_size, "%s.%09ldZ %s %c ", second,
                       static_cast<long>(now.tv_nsec),
                       channel == 1 ? "stdout" : "stderr", whole ? 'F' : 'P');
  return static_cast<size_t>(size);
}

/// Path of the log that was set aside `number` times.
void aside(char* out, size_t size, const char* path, uint32_t number) {
  if (number == 0)
    snprintf(out, size, "%s", path);
  else
    snprintf(out, size, "%s.%u", path, number);
}

void rotate(log_writer& log) {
  char from[4096];
  char to[4096];
  for (auto number = log.max_files - 1; number > 0; --number) {
    aside(from, sizeof(from), log.path, number - 1);
    aside(to, sizeof(to), log.path, number);
    rename(from, to);
  }
  if (log.max_files == 1)
    unlink(log.path);
  reopen_log(log);
}

void write_all(log_writer& log, const char* data, size_t size) {
  while (size > 0 && log.fd >= 0) {
    auto written = write(log.fd, data, size);
    if (written < 0 && errno == EINTR)
      continue;
    // A full disk loses log lines; it must not stop the container.
    if (written <= 0)
      return;
    log.size += written;
    data += written;
    size -= static_cast<size_t>(written);
  }
}

/// Collects records, so that one read costs one write.
struct batch {
  explicit batch(log_writer& to) : log(to) {
    // nop
  }

  log_writer& log;
  char data[20 * 1024];
  size_t size = 0;

  void flush() {
    write_all(log, data, size);
    size = 0;
  }

  void record(int channel, bool whole, const char* a, size_t a_size,
              const char* b, size_t b_size) {
    auto total = header_size + a_size + b_size + 1;
    if (size + total > sizeof(data))
      flush();
    auto before = log.size + static_cast<int64_t>(size);
    if (before > 0 && before + static_cast<int64_t>(total) > log.max_bytes) {
      flush();
      rotate(log);
    }
    size += format_header(data + size, channel, whole);
    if (a_size > 0)
      memcpy(data + size, a, a_size);
    size += a_size;
    if (b_size > 0)
      memcpy(data + size, b, b_size);
    size += b_size;
    data[size++] = '\n';
  }
};

} // namespace

failure reopen_log(log_writer& log) {
  close_fd(log.fd);
  if (log.path == nullptr)
    return {};
  log.fd = open(log.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (log.fd < 0)
    return fail(errno, "log %s: %s", log.path, strerror(errno));
  struct stat info {};
  log.size = fstat(log.fd, &info) == 0 ? info.st_size : 0;
  return {};
}

failure open_log(log_writer& log, const char* path, int64_t max_bytes,
                 uint32_t max_files) {
  log.max_bytes = max_bytes > 0 ? max_bytes : 10 << 20;
  log.max_files = max_files > 0 ? max_files : 5;
  if (path[0] == '\0')
    return {};
  free(log.path);
  log.path = strdup(path);
  make_folders(path);
  return reopen_log(log);
}

void write_log(log_writer& log, int channel, const char* data, size_t size) {
  if (log.fd < 0)
    return;
  batch out{log};
  auto& begun = log.line[channel - 1];
  while (size > 0) {
    auto newline = static_cast<const char*>(memchr(data, '\n', size));
    auto piece = newline ? static_cast<size_t>(newline - data) : size;
    auto room = longest_line - begun.size();
    if (piece > room) {
      out.record(channel, false, begun.data(), begun.size(), data, room);
      begun.consume(begun.size());
      data += room;
      size -= room;
      continue;
    }
    if (!newline) {
      begun.append(data, piece);
      break;
    }
    out.record(channel, true, begun.data(), begun.size(), data, piece);
    begun.consume(begun.size());
    data += piece + 1;
    size -= piece + 1;
  }
  out.flush();
}

void end_log(log_writer& log) {
  if (log.fd < 0)
    return;
  for (int channel = 1; channel <= 2; ++channel) {
    auto& begun = log.line[channel - 1];
    if (begun.empty())
      continue;
    char header[header_size];
    write_all(log, header, format_header(header, channel, false));
    write_all(log, begun.data(), begun.size());
    write_all(log, "\n", 1);
    begun.wipe();
  }
}

void close_log(log_writer& log) {
  close_fd(log.fd);
  free(log.path);
  log.path = nullptr;
}

} // namespace troupe::process::shim
