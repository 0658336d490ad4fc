#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace troupe::cli {

/// A process of this program that is to run.
struct kept_process {
  std::string name;
  std::filesystem::path folder;   ///< which it locks, and where its log is
  std::vector<std::string> words; ///< what its command line says
};

/// Keeps processes of this program running: starts each in a session of its
/// own, finds it again when it runs already, and starts it anew when it ends.
class process_keeper {
public:
  using report = std::function<void(const std::string&)>;

  /// `tell` is called from threads of the keeper's own, and so is `is_wanted`,
  /// before each start: one that is not is left to end. Null: all are.
  explicit process_keeper(
      report tell, std::function<bool(const std::string& name)> is_wanted = {});

  /// Lets them run on.
  ~process_keeper();

  process_keeper(const process_keeper&) = delete;
  process_keeper& operator=(const process_keeper&) = delete;

  /// From now on it runs. One of that name that is kept already stays. To be
  /// called by one thread.
  void keep(const kept_process& what);

  /// Asks all of them to end, at once, and waits until they have.
  void end();

private:
  void stop();
  bool is_wanted(const std::string& name) const;
  void watch(const kept_process& what);
  void watch_while_wanted(const kept_process& what);
  bool wait_for_end(int process) const;
  bool wait_for_end_of(pid_t pid) const;

  report tell_;
  std::function<bool(const std::string&)> is_wanted_;
  int wake_ = -1; ///< readable once the watching shall end
  std::atomic<bool> ending_ = false;
  std::atomic<bool> with_them_ = false;
  std::map<std::string, std::thread> threads_; ///< of who calls `keep`
  std::mutex mutex_;                           ///< guards the following
  std::set<std::string> kept_;                 ///< each has a thread at work
};

} // namespace troupe::cli
