#include "cli/commands.hpp"
#include "cli/resources.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/crypto/random.hpp"
#include "runtime/printing/table.hpp"
#include "runtime/rules/bootstrap_token.hpp"
#include "runtime/system/context.hpp"
#include "runtime/text/duration.hpp"
#include "runtime/text/timestamp.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <ostream>

namespace troupe::cli {

namespace {

using core::v1::Secret;
using rules::bootstrap_token;

struct create_command {
  std::string ttl = "24h";
  uint32_t uses = 0; ///< 0: any number
  std::string description;
  std::vector<std::string> roles;
  bool print_command = false;
};

std::string check_ttl(const std::string& given) {
  auto time = text::parse_duration(given);
  if (!time)
    return message_of(time.error());
  return time->count() >= 0 ? std::string{} : given + ": not in the past";
}

/// The hash of the authority of the cluster that is asked.
expected<std::string> hash_of_cluster(environment& env) {
  auto access = env.access();
  if (!access)
    return access.error();
  return crypto::authority_hash((*access)->cluster.authority);
}

/// What a joining machine runs. A secret is no argument of a process: it is
/// given in its environment.
std::string join_command(const std::string& role, const std::string& token,
                         const std::string& servers) {
  auto verb = role == "component" ? "node --roles COMPONENT" : role;
  std::string result = "TROUPE_TOKEN='" + token + "' troupe " + verb;
  for (auto& server : split(servers, ','))
    result += " --join " + server;
  return result;
}

expected<bootstrap_token> make_token(const create_command& cmd) {
  bootstrap_token token;
  token.id = crypto::random_word(6);
  token.secret = crypto::random_word(16);
  token.description = cmd.description;
  auto ttl = text::parse_duration(cmd.ttl);
  if (!ttl)
    return ttl.error();
  if (ttl->count() > 0)
    token.expires = real_world()->now()
                    + std::chrono::duration_cast<time_point::duration>(*ttl);
  if (cmd.uses > 0)
    token.uses_left = cmd.uses;
  if (cmd.roles.empty())
    return token;
  token.roles.clear();
  for (auto& each : cmd.roles) {
    auto role = rules::parse_join_role(each);
    if (!role)
      return role.error();
    token.roles.push_back(*role);
  }
  return token;
}

void run_create(const create_command& cmd, environment& env) {
  auto token = make_token(cmd);
  if (!token)
    return env.fail_here(token.error());
  auto* client = env.client();
  if (client == nullptr)
    return;
  auto hash = hash_of_cluster(env);
  if (!hash)
    return env.fail_here(hash.error());
  auto made = client->ask(about(call::CREATE, kind_of<Secret>(),
                                rules::bootstrap_token_namespace,
                                rules::bootstrap_token_name(token->id)),
                          object::of(rules::to_secret(*token)));
  if (!made)
    return env.fail(made.error());
  auto text = to_string(rules::join_token{token->id, token->secret, *hash});
  if (!cmd.print_command) {
    env.out() << text << "\n";
    return;
  }
  std::string role{rules::to_string(token->roles.front())};
  env.out() << join_command(role, text, (*env.access())->cluster.actors)
            << "\n";
}

std::string joined(const std::vector<std::string>& list) {
  std::string result;
  for (auto& each : list)
    result += (result.empty() ? "" : ",") + each;
  return result.empty() ? "<none>" : result;
}

std::vector<std::string> row_of(const bootstrap_token& x,
                                const std::string& shown, time_point now) {
  std::vector<std::string> usages;
  if (x.for_authentication)
    usages.emplace_back("authentication");
  if (x.for_signing)
    usages.emplace_back("signing");
  std::vector<std::string> roles;
  for (auto role : x.roles)
    roles.emplace_back(rules::to_string(role));
  std::string ttl = "<forever>";
  if (x.expires)
    ttl = *x.expires <= now ? "<expired>" : text::age_text(*x.expires - now);
  return {shown,
          ttl,
          x.expires ? text::time_text(*x.expires) : "<never>",
          x.uses_left ? std::to_string(*x.uses_left) : "<any>",
          joined(roles),
          joined(usages),
          x.description.empty() ? "<none>" : x.description,
          joined(x.groups)};
}

void run_list(bool secrets, environment& env) {
  auto* client = env.client();
  if (client == nullptr)
    return;
  auto ask =
      about(call::LIST, kind_of<Secret>(), rules::bootstrap_token_namespace);
  ask.set_field_selector(std::string{"type="} + rules::bootstrap_token_type);
  auto found = client->ask(std::move(ask));
  if (!found)
    return env.fail(found.error());
  auto hash = secrets ? hash_of_cluster(env) : std::string{};
  if (!hash)
    return env.fail_here(hash.error());
  printing::table table;
  table.header = {"TOKEN", "TTL",    "EXPIRES",     "USES LEFT",
                  "ROLES", "USAGES", "DESCRIPTION", "EXTRA GROUPS"};
  for (auto& each : found->objects) {
    auto token = rules::read_bootstrap_token(each.as<Secret>());
    if (!token) {
      env.err() << "Warning: " << each.name() << ": "
                << message_of(token.error()) << "\n";
      continue;
    }
    auto shown =
        secrets ? to_string(rules::join_token{token->id, token->secret, *hash})
                : token->id;
    table.rows.push_back(row_of(*token, shown, real_world()->now()));
  }
  env.out() << printing::to_text(table);
}

void run_delete(const std::vector<std::string>& ids, environment& env) {
  for (auto& id : ids)
    if (!rules::is_token_id(id))
      return env.misuse(
          "a token is named by its ID, six letters and digits, as `troupe "
          "token list` shows it; the rest of it is secret");
  auto* client = env.client();
  if (client == nullptr)
    return;
  for (auto& id : ids) {
    auto gone = client->ask(about(call::DELETE, kind_of<Secret>(),
                                  rules::bootstrap_token_namespace,
                                  rules::bootstrap_token_name(id)));
    if (gone)
      env.out() << "bootstrap token \"" << id << "\" deleted\n";
    else
      env.fail(gone.error());
  }
}

void add_create_token(CLI::App& to, environment& env) {
  auto cmd = std::make_shared<create_command>();
  auto* sub = to.add_subcommand(
      "create", "Make a token and print it: ID.SECRET@sha256:HASH");
  sub->add_option("--ttl", cmd->ttl, "How long it is good, 0 for ever")
      ->check(check_ttl)
      ->capture_default_str();
  sub->add_option("--uses", cmd->uses,
                  "How many processes may join by it; any number unless given")
      ->check(CLI::Range(1u, 1'000'000u));
  sub->add_option("--description", cmd->description,
                  "What it is for, for people");
  sub->add_option("--role", cmd->roles,
                  "What it lets in: node, component, server; node unless given")
      ->check(CLI::IsMember({"node", "component", "server"}))
      ->delimiter(',');
  sub->add_flag("--print-join-command", cmd->print_command,
                "Print the command that joins by it");
  sub->callback([cmd, &env] { run_create(*cmd, env); });
}

} // namespace

void add_token(CLI::App& app, environment& env) {
  auto* token =
      app.add_subcommand("token", "Let other processes and machines join");
  token->require_subcommand(1);
  add_create_token(*token, env);
  auto secrets = std::make_shared<bool>(false);
  auto* list = token->add_subcommand("list", "All tokens");
  list->add_flag("--show-secrets", *secrets, "Print them as they are given");
  list->callback([secrets, &env] { run_list(*secrets, env); });
  auto ids = std::make_shared<std::vector<std::string>>();
  auto* gone = token->add_subcommand(
      "delete", "Delete tokens; who has joined by them stays");
  gone->add_option("ID", *ids, "Their IDs, the part before the dot")
      ->required();
  gone->callback([ids, &env] { run_delete(*ids, env); });
}

} // namespace troupe::cli
