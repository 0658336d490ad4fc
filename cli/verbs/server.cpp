#include "cli/commands.hpp"
#include "cli/server_process.hpp"
#include "cli/verbs/join_options.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>

namespace troupe::cli {

namespace {

struct server_command {
  server_options options;
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
  sub->add_option("--bind-address", options.host,
                  "IPv4 address of this machine at which it answers; that "
                  "towards the cluster unless given");
  sub->add_option("--port", options.port,
                  "Port of the actors, 0 for any; 6444, if that is free");
  sub->add_option("--api-port", options.api_port,
                  "Port of the REST API, 0 for any; 6443, if that is free");
  sub->add_flag("--detach", cmd->detach,
                "Return once the server has a vote in the store");
  sub->callback([cmd, &env] {
    auto& given = cmd->options;
    given.data_dir = std::filesystem::absolute(env.data_directory());
    make_serving make = [given](serving_process::report say) {
      return std::make_unique<server_process>(given, std::move(say));
    };
    if (cmd->detach)
      run_detached(make, (given.data_dir / "troupe.log").string(), env);
    else
      run_in_front(make, env);
  });
}

} // namespace troupe::cli
