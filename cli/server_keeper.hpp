#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace troupe::cli {

/// Keeps servers running in processes of their own, all that the settings of
/// the data directory name but the first and those that run from others: starts
/// each, finds it again when it runs already, and starts it anew when it ends.
/// Follows the settings when they change; one that is no longer named is left
/// to end.
class server_keeper {
public:
  using report = std::function<void(const std::string&)>;

  /// `tell` is called from threads of the keeper's own.
  server_keeper(std::filesystem::path data_dir, report tell);

  /// Lets them run on.
  ~server_keeper();

  server_keeper(const server_keeper&) = delete;
  server_keeper& operator=(const server_keeper&) = delete;

  /// From now on they run.
  void follow();

  /// Ends them in order and waits until they have ended.
  void end();

private:
  void stop();
  void keep_named();
  void follow_settings(int changes);
  bool is_named(const std::string& name) const;
  void watch(const std::string& name);
  void watch_while_named(const std::string& name);
  bool wait_for_end(int process) const;

  std::filesystem::path data_dir_;
  report tell_;
  int wake_ = -1; ///< readable once the watching shall end
  std::atomic<bool> ending_ = false;
  std::atomic<bool> with_them_ = false;
  std::thread follower_;
  std::map<std::string, std::thread> threads_; ///< of the follower alone
  std::mutex mutex_;                           ///< guards the following
  std::set<std::string> kept_;                 ///< each has a thread at work
};

/// Ends the servers of a data directory that run in processes of their own,
/// whoever started them. Returns whether all of them ended.
bool end_servers(const std::filesystem::path& data_dir);

} // namespace troupe::cli
