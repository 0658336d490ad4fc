#pragma once

#include "actors/client/command_client.hpp"
#include "tests/bench/cluster/figures.hpp"

#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace troupe::bench {

/// What a process has taken of the machine.
struct usage {
  double cpu_ms = 0;       ///< of all threads since it began
  double resident_mb = 0;  ///< VmRSS
  double anonymous_mb = 0; ///< its own memory, without program text and files
  double peak_mb = 0;      ///< VmHWM
};

/// A cluster run by the shipped program, as a user starts it: with its
/// defaults, in a data directory of its own. Ends with all its pods when this
/// does. Whatever fails ends the benchmark with a message.
class cluster {
public:
  /// `words` follow `troupe --data-dir DATA up --port 0`.
  cluster(std::filesystem::path program, std::filesystem::path data,
          std::vector<std::string> words);
  ~cluster();
  cluster(const cluster&) = delete;
  cluster& operator=(const cluster&) = delete;

  /// Starts the program and waits until its nodes are Ready.
  void up();
  /// The same after its process was killed.
  void start_again();
  /// Ends the program as ctrl-c does; its data stays.
  void stop();

  /// When it printed a line that begins so, after the start of the process.
  double printed_ms(const std::string& milestone) const;

  usage now() const;

  /// The process of a server; the first is in that of the program.
  pid_t server(const std::string& name) const;

  /// A client of its own, connected as every command line is, to the first
  /// server or one after it.
  std::unique_ptr<command_client> connect(size_t which = 0) const;

  /// A fact that an actor tells of itself in `topology`, such as the number
  /// after "writes=".
  static uint64_t fact(command_client& client, const std::string& path,
                       const std::string& name);

private:
  void read_lines(int from);
  void wait_for_end();

  std::filesystem::path program_;
  std::filesystem::path data_;
  std::vector<std::string> words_;
  pid_t pid_ = -1;
  clock::time_point started_;
  std::thread reader_; ///< of what the program prints
  mutable std::mutex mutex_;
  std::condition_variable printed_;
  std::map<std::string, double> lines_; ///< what was printed, and when
  std::string last_line_;
  bool ended_ = false;
};

/// Ends the benchmark with a message.
[[noreturn]] void fail(const std::string& why);

/// A new empty folder under `where`, removed at the end.
class folder {
public:
  explicit folder(const std::filesystem::path& where);
  ~folder();
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;

  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

} // namespace troupe::bench
