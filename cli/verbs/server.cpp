#include "cli/commands.hpp"
#include "cli/server_process.hpp"
#include "cli/serving.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>

namespace troupe::cli {

void add_server(CLI::App& app, environment& env) {
  auto name = std::make_shared<std::string>();
  auto* sub = app.add_subcommand(
      "server", "Run one server of a cluster that `up --processes` made");
  sub->add_option("--name", *name, "Which one: server-2")->required();
  sub->callback([name, &env] {
    prepare_to_serve();
    server_process server{
        std::filesystem::absolute(env.data_directory()), *name,
        [&env](const std::string& line) { env.out() << line << std::endl; }};
    if (auto err = server.start()) {
      env.err() << "error: " << message_of(err) << std::endl;
      // Half a server: nothing in it is worth an end in order.
      std::_Exit(failed);
    }
    server.serve();
    end_served(env.out());
  });
}

} // namespace troupe::cli
