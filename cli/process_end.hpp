#pragma once

#include <sys/types.h>

namespace troupe::cli {

/// Asks a process to end, waits, and ends it if it does not. `process` is a
/// handle of it (pidfd). Returns whether it is gone.
bool end_process(int process);

/// The same by number.
bool end_process_of(pid_t pid);

} // namespace troupe::cli
