#include "cli/commands.hpp"
#include "cli/writing.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

struct cordon_command {
  std::vector<std::string> names;
  std::string labels;
  write_options write;
};

void run_cordon(const cordon_command& cmd, bool on, environment& env) {
  for (auto& each : find_nodes(cmd.names, cmd.labels, env))
    change_object(each, cordoning(on), cmd.write, env);
}

void add(CLI::App& app, environment& env, bool on) {
  auto cmd = std::make_shared<cordon_command>();
  auto* sub = app.add_subcommand(on ? "cordon" : "uncordon",
                                 on ? "Let a node get no new pods"
                                    : "Let a node get pods again");
  sub->add_option("NODE", cmd->names, "Nodes");
  sub->add_option("-l,--selector", cmd->labels, "Label selector");
  sub->add_option("--dry-run", cmd->write.dry_run, "Change nothing")
      ->check(CLI::IsMember({"none", "client", "server"}));
  sub->callback([cmd, on, &env] { run_cordon(*cmd, on, env); });
}

} // namespace

void add_cordon(CLI::App& app, environment& env) {
  add(app, env, true);
}

void add_uncordon(CLI::App& app, environment& env) {
  add(app, env, false);
}

} // namespace troupe::cli
