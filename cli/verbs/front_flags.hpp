#pragma once

#include "cli/front_options.hpp"

namespace CLI {
class App;
} // namespace CLI

namespace troupe::cli {

/// The options of every command that runs a server: who comes over HTTP, and
/// what is noted of that.
void add_front_flags(CLI::App& to, front_options& options);

/// Once they are read: processes elsewhere look for the same files.
void settle_front(front_options& options);

} // namespace troupe::cli
