#pragma once

#include "cli/environment.hpp"

namespace troupe::cli {

/// `store snapshot` and `store restore` (store_files.cpp).
void add_store_files(CLI::App& store, environment& env);

} // namespace troupe::cli
