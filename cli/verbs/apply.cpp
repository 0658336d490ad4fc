#include "runtime/text/apply.hpp"

#include "cli/commands.hpp"
#include "cli/resources.hpp"
#include "cli/writing.hpp"
#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/apply/taken_over.hpp"
#include "runtime/text/document.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <ostream>

namespace troupe::cli {

namespace {

struct apply_command {
  std::vector<std::string> files;
  bool recursive = false;
  std::string validate = "strict";
  std::string manager;
  bool server_side = false;
  bool force = false;
  write_options write;
};

/// Tries that a patch gets when somebody else writes meanwhile.
constexpr int most_tries = 5;

class applier_of_one {
public:
  applier_of_one(const manifest_source& source, const apply_command& cmd,
                 environment& env)
      : source_(source), cmd_(cmd), env_(env) {
    // nop
  }

  void run() {
    auto& kind = source_.value.kind();
    auto ns = source_.value.ns().empty() ? env_.current_namespace()
                                         : source_.value.ns();
    auto config = text::parse_json(source_.json);
    if (!config) {
      env_.fail(config.error());
      return;
    }
    if (kind.namespaced)
      (*config)["metadata"]["namespace"] = ns;
    if (cmd_.server_side) {
      apply_on_server(*config, ns);
      return;
    }
    for (int tries = 0; tries < most_tries; ++tries) {
      auto live =
          env_.client()->ask(about(call::GET, kind, ns, source_.value.name()));
      if (!live && !is(live.error(), ec::not_found)) {
        env_.refused(in_file("error retrieving current configuration of",
                             source_.where, live.error()));
        return;
      }
      auto err = live ? patch(*config, live->one(), ns) : create(*config, ns);
      if (!err)
        return;
      auto race =
          is(err, ec::conflict) || (!live && is(err, ec::already_exists));
      if (!race || tries + 1 == most_tries) {
        env_.fail(in_file(live ? "error when patching" : "error when creating",
                          source_.where, err));
        return;
      }
    }
  }

private:
  /// The server merges: one request, whether the object is there or not.
  void apply_on_server(const text::document& config, const std::string& ns) {
    auto msg =
        about(call::PATCH, source_.value.kind(), ns, source_.value.name());
    msg.set_patch_type(call::APPLY);
    msg.set_patch(text::print_json(config));
    msg.set_force(cmd_.force);
    auto manager = cmd_.manager.empty() ? std::string{apply::kubectl_manager}
                                        : cmd_.manager;
    if (auto err = take_over(ns, manager)) {
      env_.fail(in_file("error when applying", source_.where, err));
      return;
    }
    msg.set_field_manager(manager);
    msg.set_field_validation(word_of(cmd_.validate));
    msg.set_dry_run(cmd_.write.dry_run == "server");
    auto applied = env_.client()->ask(msg);
    if (applied) {
      print_warnings(*applied, env_);
      show(applied->one(), "serverside-applied", cmd_.write, env_);
    } else if (is(applied.error(), ec::conflict)) {
      env_.fail(make_error(
          ec::conflict,
          message_of(applied.error())
              + "\nThese fields belong to others. Say --force-conflicts to "
                "take them over, leave them out of the file to let them be, or "
                "give them the values that they have to share them."));
    } else {
      env_.fail(in_file("error when applying", source_.where, applied.error()));
    }
  }

  /// What was applied without the server's help becomes the manager's, so that
  /// it goes when it is not in the file any more.
  caf::error take_over(const std::string& ns, const std::string& manager) {
    auto& kind = source_.value.kind();
    if (cmd_.write.dry_run != "none")
      return caf::none;
    auto live =
        env_.client()->ask(about(call::GET, kind, ns, source_.value.name()));
    if (!live)
      return is(live.error(), ec::not_found) ? caf::error{} : live.error();
    auto changed = live->one().clone();
    if (!apply::take_over_entries(*mutable_metadata_of(*changed), manager))
      return caf::none;
    auto entries = text::to_document(*changed)["metadata"]["managedFields"];
    auto replace = [](const char* path, text::document value) {
      return text::document{
          {"op", "replace"}, {"path", path}, {"value", std::move(value)}};
    };
    auto msg = about(call::PATCH, kind, ns, source_.value.name());
    msg.set_patch_type(call::JSON);
    msg.set_patch(text::print_json(text::document::array(
        {replace("/metadata/managedFields", entries),
         replace("/metadata/resourceVersion",
                 std::to_string(live->one().revision()))})));
    msg.set_field_manager(manager);
    auto done = env_.client()->ask(msg);
    return done ? caf::error{} : done.error();
  }

  static std::string word_of(const std::string& validate) {
    if (validate == "warn")
      return "Warn";
    return validate == "strict" || validate == "true" ? "Strict" : "Ignore";
  }

  caf::error create(const text::document& config, const std::string& ns) {
    text::read_options options;
    auto wish = text::from_document(text::with_last_applied(config), options);
    if (!wish)
      return wish.error();
    if (cmd_.write.dry_run == "client") {
      show(*wish, "created", cmd_.write, env_);
      return caf::none;
    }
    auto msg = about(call::CREATE, wish->kind(), ns, wish->name());
    msg.set_field_manager(manager());
    msg.set_dry_run(cmd_.write.dry_run == "server");
    auto made = env_.client()->ask(msg, *wish);
    if (!made)
      return made.error();
    print_warnings(*made, env_);
    show(made->one(), "created", cmd_.write, env_);
    return caf::none;
  }

  caf::error patch(const text::document& config, const object& live,
                   const std::string& ns) {
    auto& kind = live.kind();
    auto* schema = &message_info_of(kind.descriptor());
    auto patch = text::apply_patch(config, text::to_document(live), schema);
    if (!patch)
      return patch.error();
    if (patch->empty()) {
      show(live, "unchanged", cmd_.write, env_);
      return caf::none;
    }
    if (cmd_.write.dry_run == "client") {
      show(source_.value, "configured", cmd_.write, env_);
      return caf::none;
    }
    auto msg = about(call::PATCH, kind, ns, live.name());
    msg.set_patch_type(call::STRATEGIC);
    msg.set_field_manager(manager());
    msg.set_patch(patch->dump());
    msg.set_dry_run(cmd_.write.dry_run == "server");
    auto changed = env_.client()->ask(msg);
    if (!changed)
      return changed.error();
    print_warnings(*changed, env_);
    auto same = changed->one().revision() == live.revision() && !msg.dry_run();
    show(changed->one(), same ? "unchanged" : "configured", cmd_.write, env_);
    return caf::none;
  }

  std::string manager() const {
    return cmd_.manager.empty() ? "kubectl-client-side-apply" : cmd_.manager;
  }

  const manifest_source& source_;
  const apply_command& cmd_;
  environment& env_;
};

std::string problem_of(const apply_command& cmd) {
  if (cmd.force && !cmd.server_side)
    return "--force-conflicts only works with --server-side";
  if (cmd.server_side && cmd.write.dry_run == "client")
    return "--dry-run=client doesn't work with --server-side (did you mean "
           "--dry-run=server instead?)";
  return {};
}

} // namespace

void add_apply(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<apply_command>();
  auto* sub = app.add_subcommand(
      "apply", "Make objects as files say, and change those that are there");
  sub->add_option("-f,--filename", cmd->files, "Files, folders, or -")
      ->required();
  sub->add_flag("-R,--recursive", cmd->recursive, "Folders in folders too");
  sub->add_option("--validate", cmd->validate,
                  "What to do about unknown fields")
      ->check(CLI::IsMember({"strict", "warn", "ignore", "true", "false"}));
  sub->add_flag("--server-side", cmd->server_side,
                "Let the server merge, and note who owns which field");
  sub->add_flag("--force-conflicts", cmd->force,
                "Take over fields that others own");
  sub->add_option("--field-manager", cmd->manager, "Who owns the fields");
  add_write_options(*sub, cmd->write);
  sub->callback([cmd, &env] {
    if (auto wrong = problem_of(*cmd); !wrong.empty()) {
      env.misuse(wrong);
      return;
    }
    auto lenient = cmd->validate != "strict" && cmd->validate != "true";
    auto sources = read_manifests(cmd->files, cmd->recursive, lenient, env);
    if (!sources) {
      env.fail(sources.error());
      return;
    }
    if (env.client() == nullptr)
      return;
    for (auto& source : *sources) {
      if (source.value.name().empty()) {
        env.fail(make_error(ec::bad_request, source.where
                                                 + ": resource name may not be "
                                                   "empty"));
        continue;
      }
      applier_of_one{source, *cmd, env}.run();
    }
  });
}

} // namespace troupe::cli
