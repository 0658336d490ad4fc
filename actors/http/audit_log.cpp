#include "actors/http/audit_log.hpp"

#include "messages/audit.pb.h"
#include "messages/system.pb.h"
#include "runtime/crypto/key_files.hpp"
#include "runtime/text/timestamp.hpp"

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

/// Files that are full: "audit-2026-01-02T03-04-05.678.log" of "audit.log".
struct backup_names {
  fs::path folder;
  std::string begin;
  std::string end;

  explicit backup_names(const fs::path& file)
      : folder(file.parent_path()),
        begin(file.stem().string() + "-"),
        end(file.extension().string()) {}

  bool fits(const std::string& name) const {
    return name.size() > begin.size() + end.size() && name.starts_with(begin)
           && name.ends_with(end);
  }
};

void remove_oldest(const audit_log_state& st, const backup_names& names) {
  if (st.settings->backups == 0)
    return;
  std::vector<std::string> found;
  std::error_code failed;
  auto folder = names.folder.empty() ? fs::path{"."} : names.folder;
  for (auto& each : fs::directory_iterator(folder, failed))
    if (names.fits(each.path().filename().string()))
      found.push_back(each.path().string());
  std::sort(found.begin(), found.end());
  for (size_t i = 0; i + st.settings->backups < found.size(); ++i)
    fs::remove(found[i], failed);
}

void begin_another(pointer self) {
  auto& st = self->state;
  close_file(st);
  backup_names names{st.settings->file};
  auto now = st.ctx->now();
  auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(
                    now.time_since_epoch())
                    .count()
                % 1000;
  auto when = text::time_text(now);
  when.pop_back();
  std::replace(when.begin(), when.end(), ':', '-');
  auto rest = std::to_string(millis);
  std::error_code failed;
  fs::rename(st.settings->file,
             names.folder
                 / (names.begin + when + "." + std::string(3 - rest.size(), '0')
                    + rest + names.end),
             failed);
  if (failed)
    spdlog::error("cannot put the audit log aside file={} reason={}",
                  st.settings->file, failed.message());
  remove_oldest(st, names);
  open_file(st);
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
    return;
  }
  st.size += line.size();
  ++st.written;
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
          std::shared_ptr<const rules::audit_settings> settings) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.settings = std::move(settings);
  open_file(st);
  return {
      [self](const pb<audit::Line>& msg) { on_line(self, *msg); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
