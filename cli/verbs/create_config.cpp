#include "cli/arguments.hpp"
#include "cli/resources.hpp"
#include "cli/verbs/create.hpp"
#include "cli/writing.hpp"
#include "runtime/text/base64.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

struct config_command {
  std::string name;
  std::string type;
  std::vector<std::string> literals;
  std::vector<std::string> files;
  std::vector<std::string> env_files;
  bool immutable = false;
  write_options write;
};

using contents = std::map<std::string, std::string>;

caf::error add(contents& to, const std::string& key, std::string value) {
  if (to.emplace(key, std::move(value)).second)
    return caf::none;
  return make_error(ec::bad_request,
                    "cannot add key \"" + key
                        + "\", another key by that name already exists");
}

caf::error add_file(contents& to, const std::string& word) {
  auto source = parse_file_source(word);
  if (!source)
    return source.error();
  auto& [key, path] = *source;
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    auto content = read_input(path);
    return content ? add(to, key, std::move(*content)) : content.error();
  }
  if (word.find('=') != std::string::npos)
    return make_error(ec::bad_request, "cannot give a key name for a directory "
                                       "path: "
                                           + word);
  for (auto& each : fs::directory_iterator(path)) {
    if (!each.is_regular_file())
      continue;
    auto content = read_input(each.path().string());
    if (!content)
      return content.error();
    if (auto err =
            add(to, each.path().filename().string(), std::move(*content)))
      return err;
  }
  return caf::none;
}

expected<contents> contents_of(const config_command& cmd) {
  contents result;
  for (auto& word : cmd.literals) {
    auto pair = parse_assignment(word, "--from-literal");
    if (!pair)
      return pair.error();
    if (auto err = add(result, pair->first, pair->second))
      return err;
  }
  for (auto& word : cmd.files)
    if (auto err = add_file(result, word))
      return err;
  for (auto& file : cmd.env_files) {
    auto content = read_input(file);
    if (!content)
      return content.error();
    auto pairs = parse_env_lines(*content, file);
    if (!pairs)
      return pairs.error();
    for (auto& [key, value] : *pairs)
      if (auto err = add(result, key, value))
        return err;
  }
  return result;
}

bool is_text(const std::string& bytes) {
  try {
    // The writer is strict about UTF-8.
    (void)text::document(bytes).dump();
    return true;
  } catch (const text::document::type_error&) {
    return false;
  }
}

void create_config(const config_command& cmd, bool secret, environment& env) {
  auto data = contents_of(cmd);
  if (!data) {
    env.fail(data.error());
    return;
  }
  text::document wish{{"apiVersion", "v1"},
                      {"kind", secret ? "Secret" : "ConfigMap"},
                      {"metadata", {{"name", cmd.name}}}};
  for (auto& [key, value] : *data)
    if (secret)
      wish["data"][key] = text::base64_encode(value);
    else if (is_text(value))
      wish["data"][key] = value;
    else
      wish["binaryData"][key] = text::base64_encode(value);
  if (secret)
    wish["type"] = cmd.type.empty() ? "Opaque" : cmd.type;
  if (cmd.immutable)
    wish["immutable"] = true;
  create_object(wish, cmd.write, env);
}

void add_kind(CLI::App& parent, environment& env, const char* word,
              bool secret) {
  auto cmd = std::make_shared<config_command>();
  auto* sub = parent.add_subcommand(word, secret ? "Of files and literal values"
                                                 : "Configuration");
  if (!secret)
    sub->alias("cm");
  sub->add_option("NAME", cmd->name, "Its name")->required();
  sub->add_option("--from-literal", cmd->literals, "KEY=VALUE");
  sub->add_option("--from-file", cmd->files, "[KEY=]PATH, or a folder");
  sub->add_option("--from-env-file", cmd->env_files, "Lines of KEY=VALUE");
  if (secret)
    sub->add_option("--type", cmd->type, "Type of the secret");
  sub->add_flag("--immutable", cmd->immutable, "It shall never change");
  add_write_options(*sub, cmd->write);
  sub->callback([cmd, secret, &env] { create_config(*cmd, secret, env); });
}

void add_tls(CLI::App& parent, environment& env) {
  struct tls_command {
    std::string name, certificate, key;
    write_options write;
  };
  auto cmd = std::make_shared<tls_command>();
  auto* sub = parent.add_subcommand("tls", "Of a certificate and its key");
  sub->add_option("NAME", cmd->name, "Its name")->required();
  sub->add_option("--cert", cmd->certificate, "File of the certificate, PEM")
      ->required();
  sub->add_option("--key", cmd->key, "File of the private key, PEM")
      ->required();
  add_write_options(*sub, cmd->write);
  sub->callback([cmd, &env] {
    config_command made;
    made.name = cmd->name;
    made.type = "kubernetes.io/tls";
    made.files = {"tls.crt=" + cmd->certificate, "tls.key=" + cmd->key};
    made.write = cmd->write;
    create_config(made, true, env);
  });
}

struct registry_command {
  std::string name, user, password, email;
  std::string server = "https://index.docker.io/v1/";
  std::vector<std::string> files;
  write_options write;
};

void create_registry_secret(const registry_command& cmd, environment& env) {
  config_command made;
  made.name = cmd.name;
  made.type = "kubernetes.io/dockerconfigjson";
  for (auto& file : cmd.files)
    made.files.push_back(file.find('=') == std::string::npos
                             ? ".dockerconfigjson=" + file
                             : file);
  made.write = cmd.write;
  if (cmd.files.empty()) {
    if (cmd.user.empty() || cmd.password.empty()) {
      env.misuse("either --from-file or both --docker-username and "
                 "--docker-password are required");
      return;
    }
    text::document login{
        {"username", cmd.user},
        {"password", cmd.password},
        {"auth", text::base64_encode(cmd.user + ":" + cmd.password)}};
    if (!cmd.email.empty())
      login["email"] = cmd.email;
    text::document config;
    config["auths"][cmd.server] = login;
    made.literals = {".dockerconfigjson=" + config.dump()};
  }
  create_config(made, true, env);
}

void add_registry(CLI::App& parent, environment& env) {
  auto cmd = std::make_shared<registry_command>();
  auto* sub =
      parent.add_subcommand("docker-registry", "Of the login to a registry");
  sub->add_option("NAME", cmd->name, "Its name")->required();
  sub->add_option("--docker-server", cmd->server, "Address of the registry");
  sub->add_option("--docker-username", cmd->user, "Who logs in");
  sub->add_option("--docker-password", cmd->password, "What with");
  sub->add_option("--docker-email", cmd->email, "Address of the user");
  sub->add_option("--from-file", cmd->files,
                  "[.dockerconfigjson=]PATH, instead of all these");
  add_write_options(*sub, cmd->write);
  sub->callback([cmd, &env] { create_registry_secret(*cmd, env); });
}

} // namespace

void add_create_config(CLI::App& create, environment& env) {
  add_kind(create, env, "configmap", false);
  auto* secret = create.add_subcommand("secret", "A secret");
  secret->require_subcommand(1);
  add_kind(*secret, env, "generic", true);
  add_tls(*secret, env);
  add_registry(*secret, env);
}

} // namespace troupe::cli
