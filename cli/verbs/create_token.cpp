#include "cli/output_form.hpp"
#include "cli/resources.hpp"
#include "cli/verbs/create.hpp"
#include "cli/writing.hpp"
#include "messages/api/authentication.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/text/duration.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace troupe::cli {

namespace {

using authentication::v1::TokenRequest;

struct token_command {
  std::string account;
  std::string duration;
  std::vector<std::string> audiences;
  std::string bound_kind;
  std::string bound_name;
  std::string bound_uid;
  std::string output;
};

expected<TokenRequest> request_of(const token_command& cmd) {
  TokenRequest msg;
  auto& spec = *msg.mutable_spec();
  for (auto& each : cmd.audiences)
    spec.add_audiences(each);
  if (!cmd.duration.empty()) {
    auto time = text::parse_duration(cmd.duration);
    if (!time)
      return time.error();
    auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(*time).count();
    if (seconds <= 0)
      return make_error(ec::bad_request, "--duration must be greater than 0");
    spec.set_expiration_seconds(seconds);
  }
  if (cmd.bound_kind.empty() != cmd.bound_name.empty())
    return make_error(ec::bad_request,
                      "--bound-object-kind and --bound-object-name are given "
                      "together, or neither");
  if (cmd.bound_kind.empty())
    return cmd.bound_uid.empty()
               ? expected<TokenRequest>{msg}
               : make_error(ec::bad_request, "--bound-object-uid needs "
                                             "--bound-object-kind");
  auto& bound = *spec.mutable_bound_object_ref();
  bound.set_kind(cmd.bound_kind);
  bound.set_api_version("v1");
  bound.set_name(cmd.bound_name);
  bound.set_uid(cmd.bound_uid);
  return msg;
}

void create_token(const token_command& cmd, environment& env) {
  auto msg = request_of(cmd);
  if (!msg)
    return env.misuse(message_of(msg.error()));
  auto* client = env.client();
  if (client == nullptr)
    return;
  auto ask = about(call::CREATE, kind_of<core::v1::ServiceAccount>(),
                   env.current_namespace(), cmd.account);
  ask.set_subresource("token");
  auto made = client->ask(std::move(ask), object::of(*msg));
  if (!made)
    return env.fail(made.error());
  print_warnings(*made, env);
  auto answer = made->one();
  if (cmd.output.empty())
    env.out() << answer.as<TokenRequest>().status().token() << "\n";
  else
    show(answer, "created", {"none", cmd.output}, env);
}

} // namespace

void add_create_token(CLI::App& create, environment& env) {
  auto cmd = std::make_shared<token_command>();
  auto* sub = create.add_subcommand(
      "token", "A token for a service account, which ends by itself");
  sub->add_option("SERVICEACCOUNT", cmd->account, "The account")->required();
  sub->add_option("--duration", cmd->duration,
                  "For how long, such as 10m or 24h; an hour unless given");
  sub->add_option("--audience", cmd->audiences,
                  "For whom, other than the API server; may be repeated");
  sub->add_option("--bound-object-kind", cmd->bound_kind,
                  "It ends with this object, too: Pod, Secret or Node")
      ->check(CLI::IsMember({"Pod", "Secret", "Node"}));
  sub->add_option("--bound-object-name", cmd->bound_name,
                  "The name of that object");
  sub->add_option("--bound-object-uid", cmd->bound_uid,
                  "Its UID; as it is now unless given");
  sub->add_option("-o,--output", cmd->output, "json, yaml or another form");
  sub->callback([cmd, &env] { create_token(*cmd, env); });
}

} // namespace troupe::cli
