#include "cli/commands.hpp"
#include "cli/resources.hpp"
#include "cli/writing.hpp"

#include <CLI/CLI.hpp>

namespace troupe::cli {

namespace {

struct replace_command {
  std::vector<std::string> files;
  write_options write;
  std::string validate = "strict";
  bool recursive = false;
};

void replace_one(const manifest_source& source, const write_options& options,
                 environment& env) {
  auto& wish = source.value;
  auto ns = wish.ns();
  if (wish.kind().namespaced && ns.empty())
    ns = env.current_namespace();
  // Also a client dry run needs what is there: only that can be replaced.
  auto live = env.client()->ask(about(call::GET, wish.kind(), ns, wish.name()));
  if (!live) {
    env.refused(in_file("error when replacing", source.where, live.error()));
    return;
  }
  if (options.dry_run == "client") {
    show(wish, "replaced", options, env);
    return;
  }
  auto msg = about(call::UPDATE, wish.kind(), ns, wish.name());
  msg.set_dry_run(options.dry_run == "server");
  auto written = env.client()->ask(msg, wish);
  if (!written) {
    env.refused(in_file("error when replacing", source.where, written.error()));
    return;
  }
  print_warnings(*written, env);
  show(written->one(), "replaced", options, env);
}

} // namespace

void add_replace(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<replace_command>();
  auto* sub = app.add_subcommand("replace", "Write objects anew");
  sub->add_option("-f,--filename", cmd->files, "Files, folders, or -")
      ->required();
  sub->add_flag("-R,--recursive", cmd->recursive, "Folders in folders too");
  sub->add_option("--validate", cmd->validate,
                  "What to do about unknown fields")
      ->check(CLI::IsMember({"strict", "warn", "ignore", "true", "false"}));
  add_write_options(*sub, cmd->write);
  sub->callback([cmd, &env] {
    auto lenient = cmd->validate != "strict" && cmd->validate != "true";
    auto sources = read_manifests(cmd->files, cmd->recursive, lenient, env);
    if (!sources) {
      env.fail(sources.error());
      return;
    }
    if (env.client() == nullptr)
      return;
    for (auto& each : *sources)
      replace_one(each, cmd->write, env);
  });
}

} // namespace troupe::cli
