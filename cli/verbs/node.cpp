#include "cli/commands.hpp"
#include "cli/node_process.hpp"
#include "cli/verbs/join_options.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>

namespace troupe::cli {

namespace {

struct node_command {
  node_options options;
  bool detach = false;
};

} // namespace

void add_node(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<node_command>();
  auto& joining = cmd->options.joining;
  auto* sub = app.add_subcommand(
      "node", "Run a node that joins a cluster, here or on another machine");
  sub->add_option("--name", cmd->options.name,
                  "Of the node; the host's name unless given");
  add_join_options(*sub, joining);
  cmd->options.runtime = "process";
  sub->add_option("--runtime", cmd->options.runtime, "What runs the pods")
      ->check(CLI::IsMember({"process", "oci", "simulated"}));
  sub->add_option("--roles", cmd->options.roles,
                  "Which components: kubelet, proxy, scheduler, controllers; "
                  "several with commas between them")
      ->delimiter(',')
      ->check(CLI::IsMember(
          std::vector<std::string>{joined_roles.begin(), joined_roles.end()}));
  sub->add_flag("--detach", cmd->detach,
                "Return once the node is Ready, or the components run");
  sub->callback([cmd, &env] {
    auto& options = cmd->options;
    options.data_dir = std::filesystem::absolute(env.data_directory());
    if (!env.named_directory().empty())
      options.joining.home = options.data_dir;
    make_serving make = [options](serving_process::report say) {
      return std::make_unique<node_process>(options, std::move(say));
    };
    auto log =
        options.name.empty()
            ? options.data_dir / "node.log"
            : joined_folder(options.data_dir, options.name) / "troupe.log";
    if (cmd->detach)
      run_detached(make, log.string(), env);
    else
      run_in_front(make, env);
  });
}

} // namespace troupe::cli
