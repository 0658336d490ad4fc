#pragma once

#include "cli/environment.hpp"

#include <string>
#include <vector>

namespace troupe::cli {

// One file of verbs/ each.
void add_up(CLI::App& app, environment& env);
void add_server(CLI::App& app, environment& env);
void add_node(CLI::App& app, environment& env);
void add_store(CLI::App& app, environment& env);
void add_image(CLI::App& app, environment& env);
void add_down(CLI::App& app, environment& env);
void add_token(CLI::App& app, environment& env);
void add_certificate(CLI::App& app, environment& env);
void add_status(CLI::App& app, environment& env);
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
void add_explain(CLI::App& app, environment& env);
void add_api_resources(CLI::App& app, environment& env);
void add_auth(CLI::App& app, environment& env);

/// Commands under one heading of `troupe --help`.
struct command_group {
  const char* heading;
  std::vector<add_command> commands;
};

/// All commands, in the order of `troupe --help`.
inline std::vector<command_group> all_commands() {
  return {{"Run a cluster",
           {add_up, add_server, add_node, add_down, add_status, add_store,
            add_image, add_token, add_certificate}},
          {"Make and change",
           {add_apply, add_create, add_run, add_expose, add_set, add_scale,
            add_rollout, add_label, add_annotate, add_patch, add_replace,
            add_delete, add_wait}},
          {"Look",
           {add_get, add_describe, add_events, add_logs, add_exec, add_explain,
            add_api_resources, add_auth}},
          {"Nodes", {add_cordon, add_uncordon, add_drain, add_taint}},
          {"Actors", {add_topology, add_kill, add_why}}};
}

} // namespace troupe::cli
