#include "actors/http/audit_log.hpp"

#include "messages/audit.pb.h"
#include "messages/system.pb.h"
#include "runtime/crypto/key_files.hpp"

#include <caf/stateful_actor.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace troupe {

namespace {

namespace fs = std::filesystem;
using pointer = audit_log_actor::stateful_pointer<audit_log_state>;

void close_file(audit_log_state& st) {
  if (st.file >= 0)
    ::close(st.file);
  st.file = -1;
}

void open_file(audit_log_state& st) {
  auto& path = st.settings->file;
  st.file = ::open(path.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC,
                   S_IRUSR | S_IWUSR);
  struct stat info {};
  st.size = st.file >= 0 && ::fstat(st.file, &info) == 0
                ? static_cast<uint64_t>(info.st_size)
                : 0;
  if (st.file < 0)
    spdlog::error("cannot open the audit log file={} reason={}", path,
                  std::strerror(errno));
}

/// Removes the oldest of the files that are full, and no others that may lie
/// beside them.
void remove_oldest(const audit_log_state& st) {
  if (st.settings->backups == 0)
    return;
  std::vector<std::string> found;
  std::error_code failed;
  auto folder = fs::path{st.settings->file}.parent_path();
  if (folder.empty())
    folder = ".";
  for (auto& each : fs::directory_iterator(folder, failed))
    if (rules::is_backup_name(st.settings->file,
                              each.path().filename().string()))
      found.push_back(each.path().string());
  std::sort(found.begin(), found.end());
  for (size_t i = 0; i + st.settings->backups < found.size(); ++i)
    fs::remove(found[i], failed);
}

/// Two files that are full within a millisecond have one name: then the time is
/// that of the next.
fs::path free_backup(const audit_log_state& st) {
  auto folder = fs::path{st.settings->file}.parent_path();
  for (auto when = st.ctx->now();; when += std::chrono::milliseconds{1}) {
    auto path = folder / rules::backup_name(st.settings->file, when);
    std::error_code failed;
    if (!fs::exists(path, failed))
      return path;
  }
}

void begin_another(pointer self) {
  auto& st = self->state;
  close_file(st);
  std::error_code failed;
  fs::rename(st.settings->file, free_backup(st), failed);
  if (failed)
    spdlog::error("cannot put the audit log aside file={} reason={}",
                  st.settings->file, failed.message());
  remove_oldest(st);
  open_file(st);
}

void tell_written(pointer self, const audit::Line& msg, bool lost) {
  if (!self->state.source)
    return;
  audit::Written written;
  written.set_lines(1);
  written.set_bytes(msg.text().size());
  written.set_lost(lost ? 1 : 0);
  self->send(self->state.source, pb<audit::Written>{std::move(written)});
}

void on_line(pointer self, const audit::Line& msg) {
  auto& st = self->state;
  auto line = msg.text() + "\n";
  if (st.file < 0)
    open_file(st);
  auto most = st.settings->most_bytes;
  if (most != 0 && st.size > 0 && st.size + line.size() > most)
    begin_another(self);
  if (st.file < 0 || !crypto::write_all(st.file, line)) {
    ++st.lost;
    close_file(st);
    return tell_written(self, msg, true);
  }
  st.size += line.size();
  ++st.written;
  tell_written(self, msg, false);
}

pb<system::Description> on_describe(pointer self) {
  auto result = begin_description(self);
  result.add_facts("written=" + std::to_string(self->state.written));
  if (self->state.lost > 0)
    result.add_facts("lost=" + std::to_string(self->state.lost));
  return pb<system::Description>{std::move(result)};
}

} // namespace

audit_log_state::~audit_log_state() {
  close_file(*this);
}

audit_log_actor::behavior_type
audit_log(pointer self, context ctx,
          std::shared_ptr<const rules::audit_settings> settings,
          audit_source_actor source) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.source = std::move(source);
  st.settings = std::move(settings);
  open_file(st);
  return {
      [self](const pb<audit::Line>& msg) { on_line(self, *msg); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
