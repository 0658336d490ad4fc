#pragma once

#include "cli/server_settings.hpp"
#include "runtime/system/member_address.hpp"

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace troupe::cli {

/// Makes the settings name the servers that are members of the store from other
/// data directories, where they are now: pure. What runs from this one stays,
/// and so does the first place, by which branches and folders are named.
/// Returns whether anything is different. Members among which this directory's
/// own server is not are older than the settings, and change nothing.
bool take_members(server_settings& settings,
                  const std::vector<member_address>& members);

/// Whether one of the members is a server of that name.
bool is_taken(const std::string& name,
              const std::vector<member_address>& members);

/// Returns the first name, from server-2 on, that neither a place nor a member
/// has.
std::string free_server_name(const server_settings& settings,
                             const std::vector<member_address>& members);

/// Keeps the settings, and tells the directory's kubeconfig where servers are.
expected<void> keep_server_settings(const std::filesystem::path& data_dir,
                                    const server_settings& settings);

/// Keeps the settings of a data directory true while servers join and leave
/// from others, and what its kubeconfig says of them, which may be behind: a
/// process can end between the two files.
class server_register {
public:
  /// Who holds the settings may take as long as that; then they are tried
  /// again.
  explicit server_register(
      std::filesystem::path data_dir,
      std::chrono::milliseconds patience = settings_lock::usual_patience);
  ~server_register();

  server_register(const server_register&) = delete;
  server_register& operator=(const server_register&) = delete;

  /// These take part now. From any thread; does not block.
  void keep(std::vector<member_address> members);

private:
  void work();

  std::filesystem::path data_dir_;
  std::chrono::milliseconds patience_;
  std::mutex mutex_; ///< guards the following
  std::condition_variable wake_;
  std::optional<std::vector<member_address>> newest_;
  bool ending_ = false;
  std::thread thread_; ///< last: it uses all of them
};

} // namespace troupe::cli
