#include "cli/commands.hpp"
#include "cli/server_process.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>

namespace troupe::cli {

void add_server(CLI::App& app, environment& env) {
  auto name = std::make_shared<std::string>();
  auto* sub = app.add_subcommand(
      "server", "Run one server of a cluster that `up --processes` made");
  sub->add_option("--name", *name, "Which one: server-2")->required();
  sub->callback([name, &env] {
    run_in_front(
        [folder = std::filesystem::absolute(env.data_directory()),
         name](serving_process::report say) {
          return std::make_unique<server_process>(folder, *name,
                                                  std::move(say));
        },
        env);
  });
}

} // namespace troupe::cli
