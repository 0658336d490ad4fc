#pragma once

#include <cstdint>

namespace troupe {

/// What the operating system says of this process.
struct process_figures {
  double cpu_seconds = 0;
  uint64_t resident_bytes = 0;
  uint64_t virtual_bytes = 0;
  uint64_t open_files = 0;
  uint64_t most_files = 0;
  double start_seconds = 0; ///< since the epoch
};

/// Reads /proc; what cannot be read is 0.
process_figures read_process_figures();

} // namespace troupe
