#include "cli/resources.hpp"
#include "cli/verbs/create.hpp"
#include "cli/writing.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <ostream>

namespace troupe::cli {

namespace {

using words = std::vector<std::string>;

constexpr auto rbac_version = "rbac.authorization.k8s.io/v1";
constexpr auto rbac_group = "rbac.authorization.k8s.io";

struct role_command {
  std::string name;
  words verbs;
  words resources;
  words names;
  words paths;
  std::string aggregation;
  write_options write;
};

struct binding_command {
  std::string name;
  std::string cluster_role;
  std::string role;
  words users;
  words groups;
  words accounts;
  write_options write;
};

void add_once(words& to, const std::string& word) {
  if (std::find(to.begin(), to.end(), word) == to.end())
    to.push_back(word);
}

/// All of them where one means all.
words cleaned(const words& list) {
  words result;
  for (auto& word : list)
    if (word == "*")
      return {"*"};
    else
      add_once(result, word);
  return result;
}

/// "deployments.apps/scale" as a rule has it.
struct resource_word {
  std::string group;
  std::string resource;
};

expected<resource_word> parse_resource(const std::string& word) {
  auto slash = word.find('/');
  auto plain = word.substr(0, slash);
  auto sub = slash == std::string::npos ? std::string{} : word.substr(slash);
  if (plain.empty())
    return make_error(ec::bad_request, "resource must be specified");
  if (plain == "*")
    return resource_word{"*", "*" + sub};
  if (auto kind = kind_named(plain))
    return resource_word{std::string{(*kind)->group},
                         std::string{(*kind)->plural} + sub};
  // Rules may speak of what is not there yet, if it has a group.
  auto dot = plain.find('.');
  if (dot == std::string::npos)
    return make_error(ec::bad_request, "the server doesn't have a resource "
                                       "type \""
                                           + plain + "\"");
  return resource_word{plain.substr(dot + 1), plain.substr(0, dot) + sub};
}

/// One rule for each group, in the order in which they are first named.
expected<text::document> resource_rules(const role_command& cmd) {
  std::vector<std::pair<std::string, words>> by_group;
  for (auto& word : cmd.resources) {
    auto found = parse_resource(word);
    if (!found)
      return found.error();
    auto known =
        std::find_if(by_group.begin(), by_group.end(),
                     [&](auto& entry) { return entry.first == found->group; });
    if (known == by_group.end())
      known = by_group.insert(by_group.end(), {found->group, {}});
    add_once(known->second, found->resource);
  }
  auto rules = text::document::array();
  for (auto& [group, resources] : by_group) {
    text::document rule{{"apiGroups", words{group}},
                        {"resources", resources},
                        {"verbs", cleaned(cmd.verbs)}};
    if (!cmd.names.empty())
      rule["resourceNames"] = cmd.names;
    rules.push_back(std::move(rule));
  }
  return rules;
}

std::string problem_of(const role_command& cmd, bool cluster) {
  if (!cmd.aggregation.empty())
    return cmd.verbs.empty() && cmd.resources.empty() && cmd.paths.empty()
                   && cmd.names.empty()
               ? ""
               : "aggregation rule must be specified without rules";
  if (cmd.verbs.empty())
    return "at least one verb must be specified";
  if (cmd.resources.empty() && cmd.paths.empty())
    return cluster ? "one of --resource or --non-resource-url must be specified"
                   : "at least one resource must be specified";
  if (!cmd.names.empty() && cmd.resources.size() != 1)
    return "resource name(s) can not be applied to multiple resources";
  for (auto& path : cmd.paths)
    if (path != "*" && path[0] != '/')
      return "non-resource URLs must start with /: " + path;
  return {};
}

/// kubectl: a verb that no resource has may be meant all the same.
void warn_of_verbs(const role_command& cmd, environment& env) {
  constexpr std::array<std::string_view, 14> known{
      "get",   "delete",      "list",     "create", "update",
      "patch", "watch",       "proxy",    "use",    "deletecollection",
      "bind",  "impersonate", "escalate", "*"};
  for (auto& verb : cmd.verbs)
    if (!cmd.resources.empty()
        && std::find(known.begin(), known.end(), verb) == known.end())
      env.err() << "Warning: '" << verb
                << "' is not a standard resource verb\n";
}

expected<text::document> role_of(const role_command& cmd, bool cluster) {
  text::document result{{"apiVersion", rbac_version},
                        {"kind", cluster ? "ClusterRole" : "Role"},
                        {"metadata", {{"name", cmd.name}}}};
  if (!cmd.aggregation.empty()) {
    text::document labels;
    for (auto& pair : split(cmd.aggregation, ',')) {
      auto equals = pair.find('=');
      if (equals == std::string::npos)
        return make_error(ec::bad_request, "invalid --aggregation-rule \""
                                               + pair
                                               + "\": expected KEY=VALUE");
      labels[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    result["aggregationRule"]["clusterRoleSelectors"] =
        std::vector<text::document>{{{"matchLabels", labels}}};
    result["rules"] = text::document::array();
    return result;
  }
  auto rules = resource_rules(cmd);
  if (!rules)
    return rules.error();
  if (!cmd.paths.empty())
    rules->push_back({{"nonResourceURLs", cleaned(cmd.paths)},
                      {"verbs", cleaned(cmd.verbs)}});
  result["rules"] = *rules;
  return result;
}

void create_role(const role_command& cmd, bool cluster, environment& env) {
  if (auto wrong = problem_of(cmd, cluster); !wrong.empty()) {
    env.misuse(wrong);
    return;
  }
  warn_of_verbs(cmd, env);
  if (auto wish = role_of(cmd, cluster))
    create_object(*wish, cmd.write, env);
  else
    env.misuse(message_of(wish.error()));
}

void add_role(CLI::App& create, environment& env, const char* word,
              bool cluster) {
  auto cmd = std::make_shared<role_command>();
  auto* sub = create.add_subcommand(word, cluster ? "Rights everywhere"
                                                  : "Rights in a namespace");
  sub->add_option("NAME", cmd->name, "Its name")->required();
  sub->add_option("--verb", cmd->verbs, "What may be done")->delimiter(',');
  sub->add_option("--resource", cmd->resources,
                  "RESOURCE[.GROUP][/SUBRESOURCE]")
      ->delimiter(',');
  sub->add_option("--resource-name", cmd->names, "Only objects of this name");
  if (cluster) {
    sub->add_option("--non-resource-url", cmd->paths, "A path, /metrics")
        ->delimiter(',');
    sub->add_option("--aggregation-rule", cmd->aggregation,
                    "KEY=VALUE: of all roles with this label");
  }
  add_write_options(*sub, cmd->write);
  sub->callback([cmd, cluster, &env] { create_role(*cmd, cluster, env); });
}

text::document named_subject(const char* kind, const std::string& name) {
  return {{"apiGroup", rbac_group}, {"kind", kind}, {"name", name}};
}

expected<text::document> subjects_of(const binding_command& cmd) {
  auto result = text::document::array();
  for (auto& user : cmd.users)
    result.push_back(named_subject("User", user));
  for (auto& group : cmd.groups)
    result.push_back(named_subject("Group", group));
  for (auto& account : cmd.accounts) {
    auto parts = split(account, ':');
    if (parts.size() != 2 || parts[0].empty() || parts[1].empty())
      return make_error(ec::bad_request,
                        "serviceaccount must be <namespace>:<name>");
    result.push_back({{"kind", "ServiceAccount"},
                      {"namespace", parts[0]},
                      {"name", parts[1]}});
  }
  return result;
}

void create_binding(const binding_command& cmd, bool cluster,
                    environment& env) {
  if (cluster && cmd.cluster_role.empty()) {
    env.misuse("exactly one clusterrole must be specified");
    return;
  }
  if (cmd.cluster_role.empty() == cmd.role.empty()) {
    env.misuse("exactly one of clusterrole or role must be specified");
    return;
  }
  auto subjects = subjects_of(cmd);
  if (!subjects) {
    env.misuse(message_of(subjects.error()));
    return;
  }
  auto local = !cmd.role.empty();
  text::document wish{{"apiVersion", rbac_version},
                      {"kind", cluster ? "ClusterRoleBinding" : "RoleBinding"},
                      {"metadata", {{"name", cmd.name}}},
                      {"subjects", *subjects}};
  wish["roleRef"] = {{"apiGroup", rbac_group},
                     {"kind", local ? "Role" : "ClusterRole"},
                     {"name", local ? cmd.role : cmd.cluster_role}};
  create_object(wish, cmd.write, env);
}

void add_binding(CLI::App& create, environment& env, const char* word,
                 bool cluster) {
  auto cmd = std::make_shared<binding_command>();
  auto* sub =
      create.add_subcommand(word, cluster ? "Who has a role everywhere"
                                          : "Who has a role in a namespace");
  sub->add_option("NAME", cmd->name, "Its name")->required();
  sub->add_option("--clusterrole", cmd->cluster_role, "The cluster role");
  if (!cluster)
    sub->add_option("--role", cmd->role, "The role, of the same namespace");
  sub->add_option("--user", cmd->users, "Who; may be repeated");
  sub->add_option("--group", cmd->groups, "A group; may be repeated");
  sub->add_option("--serviceaccount", cmd->accounts,
                  "NAMESPACE:NAME; may be repeated");
  add_write_options(*sub, cmd->write);
  sub->callback([cmd, cluster, &env] { create_binding(*cmd, cluster, env); });
}

} // namespace

void add_create_rbac(CLI::App& create, environment& env) {
  add_role(create, env, "role", false);
  add_role(create, env, "clusterrole", true);
  add_binding(create, env, "rolebinding", false);
  add_binding(create, env, "clusterrolebinding", true);
}

} // namespace troupe::cli
