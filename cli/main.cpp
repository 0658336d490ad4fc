#include "cli/commands.hpp"
#include "cli/environment.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>

using namespace troupe::cli;

int main(int argc, char** argv) {
  environment env{std::cout, std::cerr};
  CLI::App app{"A container orchestrator that speaks the Kubernetes API.",
               "troupe"};
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", TROUPE_VERSION);
  app.add_option("--kubeconfig", env.kubeconfig, "Kubeconfig to use");
  app.add_option("--context", env.context, "Context of the kubeconfig");
  app.add_option("--data-dir", env.data_dir, "Data directory of the cluster");
  app.add_option("-n,--namespace", env.ns, "Namespace");
  for (auto add : all_commands())
    add(app, env);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    auto shown = e.get_exit_code() == 0;
    app.exit(e, std::cout, std::cerr);
    return shown ? done : wrong_usage;
  } catch (const std::exception& e) {
    std::cerr << "error: " << e.what() << "\n";
    return failed;
  }
  return env.code;
}
