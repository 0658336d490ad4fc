#include "cli/commands.hpp"
#include "cli/environment.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>
#include <vector>

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
  // What stands behind -- is the command of a container, whatever it looks
  // like.
  std::vector<std::string> words;
  int at = 1;
  for (; at < argc && std::string_view{argv[at]} != "--"; ++at)
    words.insert(words.begin(), argv[at]);
  for (++at; at < argc; ++at)
    env.rest.push_back(argv[at]);
  try {
    app.parse(words);
  } catch (const CLI::ParseError& e) {
    auto shown = e.get_exit_code() == 0;
    app.exit(e, std::cout, std::cerr);
    return shown ? done : wrong_usage;
  } catch (const std::exception& e) {
    std::cerr << "error: " << e.what() << "\n";
    return failed;
  }
  std::cout.flush();
  std::cerr.flush();
  // The server sees the connection close; taking the network apart in order
  // would only keep the user waiting.
  std::_Exit(env.code);
}
