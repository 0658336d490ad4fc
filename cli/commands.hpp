#pragma once

#include "cli/environment.hpp"

#include <vector>

namespace troupe::cli {

// One file of verbs/ each.
void add_up(CLI::App& app, environment& env);
void add_down(CLI::App& app, environment& env);
void add_get(CLI::App& app, environment& env);
void add_apply(CLI::App& app, environment& env);
void add_delete(CLI::App& app, environment& env);
void add_topology(CLI::App& app, environment& env);
void add_kill(CLI::App& app, environment& env);
void add_why(CLI::App& app, environment& env);

/// All commands, in the order of `troupe --help`.
inline std::vector<add_command> all_commands() {
  return {add_up,     add_down,     add_get,  add_apply,
          add_delete, add_topology, add_kill, add_why};
}

} // namespace troupe::cli
