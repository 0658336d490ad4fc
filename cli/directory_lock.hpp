#pragma once

#include "messages/errors.hpp"
#include "messages/time.hpp"

#include <chrono>
#include <filesystem>
#include <sys/types.h>

namespace troupe::cli {

/// Until a process that was killed has let go of what it held.
constexpr std::chrono::milliseconds lock_patience{500};

/// Holds a data directory for this process alone, as long as it lives.
class directory_lock {
public:
  directory_lock() = default;
  ~directory_lock();

  directory_lock(const directory_lock&) = delete;
  directory_lock& operator=(const directory_lock&) = delete;

  /// ec::conflict when a cluster runs there already, and does so for as long
  /// as that: a process that was killed holds it until it is gone.
  caf::error take(const std::filesystem::path& data_dir,
                  std::chrono::milliseconds patience = {});

private:
  int fd_ = -1;
};

/// Who holds a data directory.
struct directory_holder {
  bool known = false; ///< a cluster is there, running or not
  pid_t pid = 0;      ///< 0 when none runs
  time_point since{}; ///< when the last one took it
};

directory_holder holder_of(const std::filesystem::path& data_dir);

} // namespace troupe::cli
