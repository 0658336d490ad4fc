#pragma once

#include "cli/environment.hpp"

#include <string>
#include <vector>

namespace troupe::cli {

/// Runs one command line, without the program's name, and returns its exit
/// code. What it prints goes to the environment's streams; nothing is thrown.
int run_command_line(std::vector<std::string> words, environment& env);

} // namespace troupe::cli
