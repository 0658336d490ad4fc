#pragma once

#include "messages/errors.hpp"
#include "runtime/rules/audit.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace troupe::cli {

/// What servers are told of who comes over HTTP: tokens out of a file, and what
/// is noted of requests.
struct front_options {
  std::string token_file;   ///< --token-auth-file; "" for none
  std::string audit_policy; ///< --audit-policy-file; "": nothing is noted
  std::string audit_log;    ///< --audit-log-path
  uint32_t audit_megabytes = 100;
  uint32_t audit_backups = 10;
  /// The data directory is that of one server, so that the log is its alone.
  bool one_server = false;

  bool any() const {
    return !token_file.empty() || !audit_policy.empty() || !audit_log.empty();
  }
};

/// Keeps that in the data directory, mode 0600, for all servers that have it in
/// common; what is not asked for any more is removed. Fails with the file and
/// what is wrong in it.
caf::error keep_front(const std::filesystem::path& data_dir,
                      const front_options& options);

/// Returns how the server `process` is to note requests; null for not at all.
/// Each has a file of its own: the first, and one that joined, that which was
/// named, the others the same with their name.
expected<std::shared_ptr<const rules::audit_settings>>
read_audit(const std::filesystem::path& data_dir, const std::string& process);

} // namespace troupe::cli
