#include "runtime/text/patch.hpp"

#include "cli/commands.hpp"
#include "cli/resources.hpp"
#include "cli/writing.hpp"
#include "messages/fields.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

struct patch_command {
  std::vector<std::string> words;
  target_options targets;
  write_options write;
  std::string patch;
  std::string file;
  std::string type = "strategic";
  std::string subresource;
};

call::PatchType type_of(const std::string& word) {
  return word == "json"    ? call::JSON
         : word == "merge" ? call::MERGE
                           : call::STRATEGIC;
}

expected<object> patched_here(const object& live, const text::document& patch,
                              const std::string& type) {
  auto doc = text::to_document(live);
  expected<text::document> after =
      type == "json" ? text::json_patch(doc, patch)
      : type == "merge"
          ? expected<text::document>{text::merge_patch(doc, patch)}
          : text::strategic_merge_patch(
              doc, patch, &message_info_of(live.kind().descriptor()));
  if (!after)
    return after.error();
  return text::from_document(*after);
}

void patch_one(const target& what, const text::document& patch,
               const patch_command& cmd, environment& env) {
  auto read = about(call::GET, *what.kind, what.ns, what.name);
  auto live = env.client()->ask(read);
  if (!live) {
    env.refused(live.error());
    return;
  }
  if (cmd.write.dry_run == "client") {
    auto wish = patched_here(live->one(), patch, cmd.type);
    if (wish)
      show(*wish, "patched", cmd.write, env);
    else
      env.fail(wish.error());
    return;
  }
  auto msg = about(call::PATCH, *what.kind, what.ns, what.name);
  msg.set_subresource(cmd.subresource);
  msg.set_patch_type(type_of(cmd.type));
  msg.set_patch(patch.dump());
  msg.set_dry_run(cmd.write.dry_run == "server");
  auto changed = env.client()->ask(msg);
  if (!changed) {
    env.refused(changed.error());
    return;
  }
  print_warnings(*changed, env);
  auto same =
      changed->one().revision() == live->one().revision() && !msg.dry_run();
  show(changed->one(), same ? "patched (no change)" : "patched", cmd.write,
       env);
}

void run_patch_verb(const patch_command& cmd, environment& env) {
  if (cmd.patch.empty() == cmd.file.empty()) {
    env.misuse("must specify --patch or --patch-file containing the contents "
               "of the patch");
    return;
  }
  auto content = cmd.file.empty() ? expected<std::string>{cmd.patch}
                                  : read_input(cmd.file);
  if (!content) {
    env.fail(content.error());
    return;
  }
  auto patch = text::parse_yaml(*content);
  if (!patch || !(patch->is_object() || patch->is_array())) {
    env.fail(make_error(ec::bad_request,
                        "unable to parse \"" + *content + "\": "
                            + (patch ? std::string{"a patch is an object, or "
                                                   "a list of operations"}
                                     : message_of(patch.error()))));
    return;
  }
  for (auto& each : find_targets(cmd.words, cmd.targets, env))
    patch_one(each, *patch, cmd, env);
}

} // namespace

void add_patch(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<patch_command>();
  auto* sub = app.add_subcommand("patch", "Change fields of objects");
  sub->add_option("WHAT", cmd->words, "KIND NAME, or KIND/NAME");
  sub->add_option("-p,--patch", cmd->patch, "The patch, JSON or YAML");
  sub->add_option("--patch-file", cmd->file, "A file that holds the patch");
  sub->add_option("--type", cmd->type, "How the patch is meant")
      ->check(CLI::IsMember({"strategic", "merge", "json"}));
  sub->add_option("--subresource", cmd->subresource, "Such as status, scale");
  add_target_options(*sub, cmd->targets);
  add_write_options(*sub, cmd->write);
  sub->callback([cmd, &env] { run_patch_verb(*cmd, env); });
}

} // namespace troupe::cli
