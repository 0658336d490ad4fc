#pragma once

#include "cli/joining.hpp"

namespace CLI {
class App;
} // namespace CLI

namespace troupe::cli {

/// The options of every command that joins a cluster.
void add_join_options(CLI::App& to, join_options& options);

} // namespace troupe::cli
