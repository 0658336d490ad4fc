#include "cli/verbs/create.hpp"

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/resources.hpp"
#include "cli/writing.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <ostream>

namespace troupe::cli {

namespace {

struct files_command {
  std::vector<std::string> files;
  std::string validate = "strict";
  bool recursive = false;
  write_options write;
};

void create_files(const files_command& cmd, environment& env) {
  auto lenient = cmd.validate != "strict" && cmd.validate != "true";
  auto sources = read_manifests(cmd.files, cmd.recursive, lenient, env);
  if (!sources) {
    env.fail(sources.error());
    return;
  }
  for (auto& each : *sources)
    create_object(text::to_document(each.value), cmd.write, env, "created",
                  each.where);
}

struct plain_command {
  std::string name;
  write_options write;
};

/// A kind that is made of its name alone.
void add_plain(CLI::App& create, environment& env, const char* word,
               const char* kind, const char* help) {
  auto cmd = std::make_shared<plain_command>();
  auto* sub = create.add_subcommand(word, help);
  sub->add_option("NAME", cmd->name, "Its name")->required();
  add_write_options(*sub, cmd->write);
  sub->callback([cmd, kind, &env] {
    create_object({{"apiVersion", "v1"},
                   {"kind", kind},
                   {"metadata", {{"name", cmd->name}}}},
                  cmd->write, env);
  });
}

struct deployment_command {
  std::vector<std::string> words; ///< the name, then the command
  std::vector<std::string> images;
  std::string port;
  int32_t replicas = 1;
  write_options write;
};

expected<text::document> deployment_of(const deployment_command& cmd) {
  auto& name = cmd.words.front();
  if (cmd.replicas < 0)
    return make_error(ec::bad_request, "--replicas must be 0 or more");
  if (cmd.images.size() > 1 && cmd.words.size() > 1)
    return make_error(ec::bad_request, "cannot specify multiple --image "
                                       "options and command");
  text::document labels{{"app", name}};
  auto containers = text::document::array();
  std::map<std::string, int> used;
  for (auto& image : cmd.images) {
    auto base = container_name(image);
    if (base.empty())
      return make_error(ec::bad_request,
                        "invalid --image \"" + image + "\": it names no image");
    // The same image twice needs two names.
    auto again = used[base]++;
    if (again > 0)
      base += "-" + std::to_string(again + 1);
    containers.push_back({{"name", base}, {"image", image}});
  }
  if (cmd.words.size() > 1)
    containers[0]["command"] =
        std::vector<std::string>(cmd.words.begin() + 1, cmd.words.end());
  if (!cmd.port.empty()) {
    auto port = parse_port(cmd.port, "--port");
    if (!port)
      return port.error();
    containers[0]["ports"].push_back({{"containerPort", *port}});
  }
  text::document result{{"apiVersion", "apps/v1"}, {"kind", "Deployment"}};
  result["metadata"] = {{"name", name}, {"labels", labels}};
  auto& spec = result["spec"];
  spec["replicas"] = cmd.replicas;
  spec["selector"]["matchLabels"] = labels;
  spec["template"]["metadata"]["labels"] = labels;
  spec["template"]["spec"]["containers"] = containers;
  return result;
}

void add_deployment(CLI::App& create, environment& env) {
  auto cmd = std::make_shared<deployment_command>();
  auto* sub = create.add_subcommand("deployment", "A deployment");
  sub->alias("deploy");
  sub->add_option("NAME", cmd->words, "NAME [-- COMMAND...]")->required();
  sub->add_option("--image", cmd->images, "Image to run; may be repeated")
      ->required()
      ->delimiter(',');
  sub->add_option("--replicas", cmd->replicas, "How many");
  sub->add_option("--port", cmd->port, "Port that the container serves");
  add_write_options(*sub, cmd->write);
  sub->callback([cmd, &env] {
    if (cmd->words.size() != 1) {
      env.misuse("exactly one NAME is required, got "
                 + std::to_string(cmd->words.size()));
      return;
    }
    cmd->words.insert(cmd->words.end(), env.rest.begin(), env.rest.end());
    if (auto wish = deployment_of(*cmd))
      create_object(*wish, cmd->write, env);
    else
      env.misuse(message_of(wish.error()));
  });
}

} // namespace

void add_create(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<files_command>();
  auto* sub = app.add_subcommand("create", "Make objects");
  sub->require_subcommand(0, 1);
  sub->add_option("-f,--filename", cmd->files, "Files, folders, or -");
  sub->add_flag("-R,--recursive", cmd->recursive, "Folders in folders too");
  sub->add_option("--validate", cmd->validate,
                  "What to do about unknown fields")
      ->check(CLI::IsMember({"strict", "warn", "ignore", "true", "false"}));
  add_write_options(*sub, cmd->write);
  add_deployment(*sub, env);
  add_create_service(*sub, env);
  add_create_config(*sub, env);
  add_create_rbac(*sub, env);
  add_create_token(*sub, env);
  add_plain(*sub, env, "namespace", "Namespace", "A namespace");
  sub->get_subcommand("namespace")->alias("ns");
  add_plain(*sub, env, "serviceaccount", "ServiceAccount", "An identity");
  sub->get_subcommand("serviceaccount")->alias("sa");
  sub->callback([cmd, sub, &env] {
    if (!sub->get_subcommands().empty())
      return;
    if (cmd->files.empty())
      env.misuse("must specify one of -f, or what to create");
    else
      create_files(*cmd, env);
  });
}

} // namespace troupe::cli
