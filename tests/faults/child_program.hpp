#pragma once

#include <filesystem>
#include <string>
#include <sys/types.h>

namespace troupe::test {

/// A program that this process started by a command line; ended with the
/// object.
class child_program {
public:
  /// What it prints is added to `log`.
  child_program(std::string command, std::filesystem::path log);
  ~child_program();

  child_program(const child_program&) = delete;
  child_program& operator=(const child_program&) = delete;

  void start();
  /// Whether it runs, or is stopped.
  bool lives();
  pid_t pid() const { return pid_; }
  /// Of the last one that ended: what it returned, or 128 and the signal.
  int code() const { return code_; }
  const std::filesystem::path& log() const { return log_; }

  void signal(int which) const;
  /// Returns once it has ended.
  void end_by(int which);
  /// Waits until it has ended by itself.
  bool ends();

private:
  std::string command_;
  std::filesystem::path log_;
  pid_t pid_ = 0;
  int code_ = 0;
};

} // namespace troupe::test
