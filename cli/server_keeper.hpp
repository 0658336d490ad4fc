#pragma once

#include "cli/process_keeper.hpp"

#include <atomic>
#include <filesystem>
#include <thread>

namespace troupe::cli {

/// Keeps servers running in processes of their own, all that the settings of
/// the data directory name but the first and those that run from others: starts
/// each, finds it again when it runs already, and starts it anew when it ends.
/// Follows the settings when they change; one that is no longer named is left
/// to end.
class server_keeper {
public:
  server_keeper(std::filesystem::path data_dir, process_keeper::report tell);

  /// Lets them run on.
  ~server_keeper();

  server_keeper(const server_keeper&) = delete;
  server_keeper& operator=(const server_keeper&) = delete;

  /// From now on they run.
  void follow();

  /// Ends them in order and waits until they have ended.
  void end();

private:
  void stop_following();
  void keep_named();
  void follow_settings(int changes);

  std::filesystem::path data_dir_;
  int wake_ = -1; ///< readable once the following shall end
  std::atomic<bool> ending_ = false;
  std::thread follower_;
  process_keeper processes_;
};

/// Ends the servers of a data directory that run in processes of their own,
/// whoever started them. Returns whether all of them ended.
bool end_servers(const std::filesystem::path& data_dir);

} // namespace troupe::cli
