#pragma once

namespace troupe::cli {

/// To be called by a process that was forked and goes on as it is: the thread
/// that gives memory back to the machine does not come along.
void give_memory_back();

} // namespace troupe::cli
