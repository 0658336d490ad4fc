#pragma once

#include "cli/environment.hpp"

#include <string>
#include <vector>

namespace troupe::cli {

// One file of verbs/ each.
void add_up(CLI::App& app, environment& env);
void add_down(CLI::App& app, environment& env);
void add_get(CLI::App& app, environment& env);
void add_apply(CLI::App& app, environment& env);
void add_delete(CLI::App& app, environment& env);
void add_run(CLI::App& app, environment& env);
void add_create(CLI::App& app, environment& env);
void add_expose(CLI::App& app, environment& env);
void add_scale(CLI::App& app, environment& env);
void add_set(CLI::App& app, environment& env);
void add_label(CLI::App& app, environment& env);
void add_annotate(CLI::App& app, environment& env);
void add_cordon(CLI::App& app, environment& env);
void add_uncordon(CLI::App& app, environment& env);
void add_drain(CLI::App& app, environment& env);
void add_taint(CLI::App& app, environment& env);
void add_patch(CLI::App& app, environment& env);
void add_replace(CLI::App& app, environment& env);
void add_topology(CLI::App& app, environment& env);
void add_kill(CLI::App& app, environment& env);
void add_why(CLI::App& app, environment& env);
void add_describe(CLI::App& app, environment& env);
void add_events(CLI::App& app, environment& env);
void add_wait(CLI::App& app, environment& env);
void add_rollout(CLI::App& app, environment& env);
void add_logs(CLI::App& app, environment& env);
void add_exec(CLI::App& app, environment& env);

/// All commands, in the order of `troupe --help`.
inline std::vector<add_command> all_commands() {
  return {add_up,     add_down,     add_apply,    add_create,   add_run,
          add_expose, add_get,      add_describe, add_events,   add_wait,
          add_delete, add_scale,    add_set,      add_label,    add_annotate,
          add_patch,  add_replace,  add_cordon,   add_uncordon, add_drain,
          add_taint,  add_topology, add_kill,     add_why,      add_rollout,
          add_logs,   add_exec};
}

/// Runs what the user typed behind the program's name; returns the exit code.
int run_line(const std::vector<std::string>& words, environment& env);

} // namespace troupe::cli
