#include "cli/commands.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <exception>
#include <ostream>

namespace troupe::cli {

int run_line(const std::vector<std::string>& words, environment& env) {
  env.code = done;
  env.rest.clear();
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
  // like. The parser wants the last word first.
  auto end = std::find(words.begin(), words.end(), "--");
  std::vector<std::string> own{words.begin(), end};
  std::reverse(own.begin(), own.end());
  if (end != words.end())
    env.rest.assign(end + 1, words.end());
  try {
    app.parse(std::move(own));
  } catch (const CLI::ParseError& e) {
    auto shown = e.get_exit_code() == 0;
    app.exit(e, env.out(), env.err());
    return shown ? done : wrong_usage;
  } catch (const std::exception& e) {
    env.err() << "error: " << e.what() << "\n";
    return failed;
  }
  return env.code;
}

} // namespace troupe::cli
