#include "cli/commands.hpp"
#include "cli/server_part.hpp"
#include "cli/server_process.hpp"
#include "cli/verbs/front_flags.hpp"
#include "cli/verbs/join_options.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace troupe::cli {

namespace {

struct server_command {
  server_options options;
  std::vector<std::string> roles;
  bool detach = false;
};

} // namespace

void add_server(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<server_command>();
  auto& options = cmd->options;
  auto* sub = app.add_subcommand(
      "server", "Run a server that joins a cluster, or one that `up` made");
  sub->add_option("--name", options.name,
                  "Of the server; the first server-N that is free unless "
                  "given, and later what it was");
  add_join_options(*sub, options.joining);
  add_front_flags(*sub, options.front);
  sub->add_option("--bind-address", options.host,
                  "IPv4 address of this machine at which it answers; that "
                  "towards the cluster unless given");
  sub->add_option("--port", options.port,
                  "Port of the actors, 0 for any; 6444, if that is free");
  sub->add_option("--api-port", options.api_port,
                  "Port of the REST API, 0 for any; 6443, if that is free");
  sub->add_option("--roles", cmd->roles,
                  "Only these components of the server of a cluster that `up "
                  "--apart` made: store, apiserver, http; several with commas "
                  "between them")
      ->delimiter(',')
      ->check(CLI::IsMember(
          std::vector<std::string>{server_roles.begin(), server_roles.end()}));
  sub->add_flag("--detach", cmd->detach,
                "Return once the server has a vote in the store");
  sub->callback([cmd, &env] {
    auto& given = cmd->options;
    given.data_dir = std::filesystem::absolute(env.data_directory());
    settle_front(given.front);
    if (given.front.any() && !cmd->roles.empty())
      throw CLI::ValidationError(
          "--roles", "what is noted, and which tokens are known, is for `up "
                     "--apart` to say");
    make_serving make =
        [given, roles = cmd->roles](
            serving_process::report say) -> std::unique_ptr<serving_process> {
      if (roles.empty())
        return std::make_unique<server_process>(given, std::move(say));
      return std::make_unique<part_process>(
          part_options{given.data_dir, roles, given.joining.discovery_port},
          std::move(say));
    };
    if (cmd->detach)
      run_detached(make, (given.data_dir / "troupe.log").string(), env);
    else
      run_in_front(make, env);
  });
}

} // namespace troupe::cli
