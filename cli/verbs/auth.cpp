#include "cli/commands.hpp"
#include "cli/resources.hpp"
#include "messages/api/authentication.pb.h"
#include "messages/api/authorization.pb.h"
#include "messages/api/rbac.pb.h"
#include "runtime/printing/rule_rows.hpp"
#include "runtime/printing/tab_align.hpp"

#include <CLI/CLI.hpp>

#include <ostream>

namespace troupe::cli {

namespace {

using authentication::v1::SelfSubjectReview;
using authorization::v1::SelfSubjectAccessReview;
using authorization::v1::SelfSubjectRulesReview;

struct can_i_command {
  std::vector<std::string> words; ///< VERB RESOURCE [NAME], or VERB /PATH
  std::string subresource;
  bool all_namespaces = false;
  bool list = false;
  bool quiet = false;
};

/// Asks by creating the question; none after an error, which is told.
template <class T>
std::optional<T> ask(const T& question, environment& env) {
  auto* client = env.client();
  if (client == nullptr)
    return std::nullopt;
  auto answer =
      client->ask(about(call::CREATE, kind_of<T>(), {}), object::of(question));
  if (answer)
    return answer->one().template as<T>();
  env.fail(answer.error());
  return std::nullopt;
}

// -- can-i --------------------------------------------------------------------

/// Reads "deployments.apps/web" or "deployments web". kubectl: what the server
/// does not know may be asked for all the same.
void read_resource(const can_i_command& cmd, environment& env,
                   authorization::v1::ResourceAttributes& what) {
  auto word = cmd.words[1];
  auto slash = word.find('/');
  if (slash != std::string::npos) {
    what.set_name(word.substr(slash + 1));
    word = word.substr(0, slash);
  } else if (cmd.words.size() > 2) {
    what.set_name(cmd.words[2]);
  }
  what.set_subresource(cmd.subresource);
  if (!cmd.all_namespaces)
    what.set_namespace_(env.current_namespace());
  if (word == "*") {
    what.set_group("*");
    what.set_resource("*");
    return;
  }
  auto kind = kind_named(word);
  if (!kind) {
    auto dot = word.find('.');
    what.set_resource(word.substr(0, dot));
    what.set_group(dot == std::string::npos ? "" : word.substr(dot + 1));
    env.err() << "Warning: the server doesn't have a resource type '"
              << what.resource() << "'\n";
    return;
  }
  what.set_group(std::string{(*kind)->group});
  what.set_version(std::string{(*kind)->version});
  what.set_resource(std::string{(*kind)->plural});
  if ((*kind)->namespaced)
    return;
  what.clear_namespace_();
  env.err() << "Warning: resource '" << (*kind)->plural
            << "' is not namespace scoped"
            << ((*kind)->group.empty()
                    ? std::string{}
                    : " in group '" + std::string{(*kind)->group} + "'")
            << "\n";
}

void ask_right(const can_i_command& cmd, environment& env) {
  SelfSubjectAccessReview question;
  auto& spec = *question.mutable_spec();
  if (cmd.words[1][0] == '/') {
    if (!cmd.subresource.empty())
      return env.misuse("--subresource can not be used with NonResourceURL");
    spec.mutable_non_resource_attributes()->set_path(cmd.words[1]);
    spec.mutable_non_resource_attributes()->set_verb(cmd.words[0]);
  } else {
    read_resource(cmd, env, *spec.mutable_resource_attributes());
    spec.mutable_resource_attributes()->set_verb(cmd.words[0]);
  }
  auto answer = ask(question, env);
  if (!answer)
    return;
  auto& status = answer->status();
  if (!status.allowed())
    env.code = failed;
  if (cmd.quiet)
    return;
  if (status.allowed()) {
    env.out() << "yes\n";
    return;
  }
  env.out() << "no";
  if (!status.reason().empty())
    env.out() << " - " << status.reason();
  if (!status.evaluation_error().empty())
    env.out() << " - " << status.evaluation_error();
  env.out() << "\n";
}

rbac::v1::PolicyRule rule_of(const authorization::v1::ResourceRule& from) {
  rbac::v1::PolicyRule rule;
  *rule.mutable_verbs() = from.verbs();
  *rule.mutable_api_groups() = from.api_groups();
  *rule.mutable_resources() = from.resources();
  *rule.mutable_resource_names() = from.resource_names();
  return rule;
}

rbac::v1::PolicyRule rule_of(const authorization::v1::NonResourceRule& from) {
  rbac::v1::PolicyRule rule;
  *rule.mutable_verbs() = from.verbs();
  *rule.mutable_non_resource_urls() = from.non_resource_urls();
  return rule;
}

void list_rights(environment& env) {
  SelfSubjectRulesReview question;
  question.mutable_spec()->set_namespace_(env.current_namespace());
  auto answer = ask(question, env);
  if (!answer)
    return;
  auto& status = answer->status();
  if (status.incomplete())
    env.err() << "Warning: the list may be incomplete: "
              << status.evaluation_error() << "\n";
  google::protobuf::RepeatedPtrField<rbac::v1::PolicyRule> rules;
  for (auto& rule : status.resource_rules())
    *rules.Add() = rule_of(rule);
  for (auto& rule : status.non_resource_rules())
    *rules.Add() = rule_of(rule);
  std::string text{"Resources\tNon-Resource URLs\tResource Names\tVerbs\n"};
  for (auto& row : printing::rule_rows(rules))
    text += row[0] + "\t" + row[1] + "\t" + row[2] + "\t" + row[3] + "\n";
  env.out() << printing::align_tabs(text, 3);
}

void run_can_i(const can_i_command& cmd, environment& env) {
  if (cmd.list && !cmd.words.empty())
    return env.misuse("list option must be specified with no arguments");
  if (cmd.list)
    return list_rights(env);
  auto path = cmd.words.size() > 1 && cmd.words[1][0] == '/';
  if (cmd.words.size() < 2 || cmd.words.size() > (path ? 2 : 3))
    return env.misuse("you must specify two arguments: verb resource or verb "
                      "resource/resourceName.");
  ask_right(cmd, env);
}

void add_can_i(CLI::App& auth, environment& env) {
  auto cmd = std::make_shared<can_i_command>();
  auto* sub = auth.add_subcommand("can-i", "Whether you may do something");
  sub->add_option("WHAT", cmd->words,
                  "VERB RESOURCE [NAME], VERB RESOURCE/NAME or VERB /PATH");
  sub->add_option("--subresource", cmd->subresource, "Such as log or scale");
  sub->add_flag("-A,--all-namespaces", cmd->all_namespaces,
                "In all namespaces");
  sub->add_flag("--list", cmd->list, "All that you may do in the namespace");
  sub->add_flag("-q,--quiet", cmd->quiet, "Only by the exit code");
  sub->callback([cmd, &env] { run_can_i(*cmd, env); });
}

// -- whoami -------------------------------------------------------------------

void run_whoami(environment& env) {
  auto answer = ask(SelfSubjectReview{}, env);
  if (!answer)
    return;
  auto& who = answer->status().user_info();
  std::string groups;
  for (auto& group : who.groups())
    groups += (groups.empty() ? "" : " ") + group;
  env.out() << printing::align_tabs("ATTRIBUTE\tVALUE\nUsername\t"
                                        + who.username() + "\nGroups\t["
                                        + groups + "]\n",
                                    3);
}

} // namespace

void add_auth(CLI::App& app, environment& env) {
  auto* sub = app.add_subcommand("auth", "What you may do, and who you are");
  sub->require_subcommand(1);
  add_can_i(*sub, env);
  sub->add_subcommand("whoami", "Who you are to the server")->callback([&env] {
    run_whoami(env);
  });
}

} // namespace troupe::cli
