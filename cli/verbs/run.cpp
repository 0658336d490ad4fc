#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/writing.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

struct run_command {
  std::vector<std::string> words; ///< the name, then command or arguments
  std::vector<std::string> variables;
  std::vector<std::string> annotations;
  std::string image;
  std::string labels;
  std::string port;
  std::string restart = "Always";
  std::string pull;
  bool command = false;
  bool expose = false;
  bool privileged = false;
  write_options write;
};

expected<text::document> container_of(const run_command& cmd) {
  text::document result{{"name", cmd.words.front()}, {"image", cmd.image}};
  if (cmd.words.size() > 1)
    result[cmd.command ? "command" : "args"] =
        std::vector<std::string>(cmd.words.begin() + 1, cmd.words.end());
  for (auto& word : cmd.variables) {
    auto pair = parse_assignment(word, "env");
    if (!pair)
      return pair.error();
    result["env"].push_back({{"name", pair->first}, {"value", pair->second}});
  }
  if (!cmd.port.empty()) {
    auto port = parse_port(cmd.port, "--port");
    if (!port)
      return port.error();
    result["ports"].push_back({{"containerPort", *port}});
  }
  if (!cmd.pull.empty())
    result["imagePullPolicy"] = cmd.pull;
  if (cmd.privileged)
    result["securityContext"]["privileged"] = true;
  return result;
}

expected<text::document> pod_of(const run_command& cmd) {
  auto container = container_of(cmd);
  if (!container)
    return container.error();
  auto labels = parse_labels(cmd.labels.empty() ? "run=" + cmd.words.front()
                                                : cmd.labels);
  if (!labels)
    return labels.error();
  text::document pod{{"apiVersion", "v1"}, {"kind", "Pod"}};
  pod["metadata"] = {{"name", cmd.words.front()}, {"labels", *labels}};
  for (auto& word : cmd.annotations) {
    auto pair = parse_assignment(word, "annotation");
    if (!pair)
      return pair.error();
    pod["metadata"]["annotations"][pair->first] = pair->second;
  }
  pod["spec"]["restartPolicy"] = cmd.restart;
  pod["spec"]["containers"] = text::document::array({*container});
  return pod;
}

void run_pod(const run_command& cmd, environment& env) {
  if (cmd.expose && cmd.port.empty()) {
    env.misuse("--port must be set when exposing a service");
    return;
  }
  auto pod = pod_of(cmd);
  if (!pod) {
    env.misuse(message_of(pod.error()));
    return;
  }
  auto labels = (*pod)["metadata"]["labels"];
  auto port = cmd.expose ? std::stoi(cmd.port) : 0;
  if (!create_object(*pod, cmd.write, env) || !cmd.expose)
    return;
  text::document service{{"apiVersion", "v1"}, {"kind", "Service"}};
  service["metadata"]["name"] = cmd.words.front();
  service["spec"]["selector"] = labels;
  service["spec"]["ports"].push_back(
      {{"port", port}, {"targetPort", port}, {"protocol", "TCP"}});
  create_object(service, cmd.write, env);
}

} // namespace

void add_run(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<run_command>();
  auto* sub = app.add_subcommand("run", "Run an image in a pod");
  sub->add_option("NAME", cmd->words, "NAME [-- ARGUMENT...]")->required();
  sub->add_option("--image", cmd->image, "Image to run")->required();
  sub->add_option("--env", cmd->variables, "KEY=VALUE");
  sub->add_option("-l,--labels", cmd->labels, "KEY=VALUE,...");
  sub->add_option("--annotations", cmd->annotations, "KEY=VALUE");
  sub->add_option("--port", cmd->port, "Port that the container serves");
  sub->add_option("--restart", cmd->restart, "When to restart")
      ->check(CLI::IsMember({"Always", "OnFailure", "Never"}));
  sub->add_option("--image-pull-policy", cmd->pull, "When to pull")
      ->check(CLI::IsMember({"Always", "IfNotPresent", "Never"}));
  sub->add_flag("--command", cmd->command,
                "What follows -- is the command, not its arguments");
  sub->add_flag("--expose", cmd->expose, "Make a service for --port too");
  sub->add_flag("--privileged", cmd->privileged, "All rights on the node");
  add_write_options(*sub, cmd->write);
  sub->callback([cmd, &env] {
    cmd->words.insert(cmd->words.end(), env.rest.begin(), env.rest.end());
    run_pod(*cmd, env);
  });
}

} // namespace troupe::cli
