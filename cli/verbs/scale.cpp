#include "cli/commands.hpp"
#include "cli/writing.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

struct scale_command {
  std::vector<std::string> words;
  target_options targets;
  write_options write;
  int32_t replicas = -1;
  int32_t current = -1;
};

void run_scale(const scale_command& cmd, environment& env) {
  if (cmd.replicas < 0) {
    env.misuse("--replicas: the count is required, and must be 0 or more");
    return;
  }
  for (auto& each : find_targets(cmd.words, cmd.targets, env))
    change_object(
        each,
        [&](text::document& x) -> expected<std::string> {
          auto now = x["spec"].value("replicas", 0);
          if (cmd.current >= 0 && now != cmd.current)
            return make_error(ec::bad_request, "Expected replicas to be "
                                                   + std::to_string(cmd.current)
                                                   + ", was "
                                                   + std::to_string(now));
          x["spec"]["replicas"] = cmd.replicas;
          return std::string{"scaled"};
        },
        cmd.write, env, "scale");
}

} // namespace

void add_scale(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<scale_command>();
  auto* sub = app.add_subcommand("scale", "Set how many replicas to run");
  sub->add_option("WHAT", cmd->words, "KIND NAME..., or KIND/NAME...");
  sub->add_option("--replicas", cmd->replicas, "How many")->required();
  sub->add_option("--current-replicas", cmd->current,
                  "Only when there are so many now");
  add_target_options(*sub, cmd->targets);
  add_write_options(*sub, cmd->write);
  sub->callback([cmd, &env] { run_scale(*cmd, env); });
}

} // namespace troupe::cli
