#pragma once

#include "messages/container.pb.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::process {

/// One record of a log in CRI's form.
struct log_record {
  std::string_view instant; ///< RFC 3339 with nanoseconds
  container::Channel channel = container::STDOUT;
  bool whole = true; ///< false: the line goes on in the next record
  std::string_view text;
};

/// Nothing when the line (without its newline) is not of that form.
std::optional<log_record> parse_log_record(std::string_view line);

/// 2026-01-01T00:00:00.000000000Z
std::string format_instant(int64_t nanoseconds);

/// Reads what a container wrote out of its log and those set aside from it
/// (path.1 is the newest of them), oldest first, across rotations.
class log_stream {
public:
  /// Follows Logs: tail_lines, since, timestamps, limit_bytes.
  log_stream(std::string path, const container::Logs& what);
  ~log_stream();

  log_stream(const log_stream&) = delete;
  log_stream& operator=(const log_stream&) = delete;

  /// Appends to `out` up to `most` bytes of one channel, whole records where
  /// possible. False: there is nothing more now.
  bool read(std::string& out, container::Channel& channel, size_t most);

  /// Whether nothing will come even if the log grows.
  bool exhausted() const { return exhausted_; }

private:
  bool fill();
  bool open_next();
  void seek_tail(int64_t lines);
  bool take(const log_record& record);

  std::string path_;
  bool timestamps_;
  std::string since_;
  int64_t left_ = -1; ///< bytes until the limit, -1 for none
  int fd_ = -1;
  uint64_t inode_ = 0;
  bool begun_ = false;
  std::string raw_; ///< read and not yet parsed
  size_t at_ = 0;
  std::string ready_; ///< output not yet taken
  container::Channel channel_ = container::STDOUT;
  bool line_open_ = false;
  bool exhausted_ = false;
};

} // namespace troupe::process
