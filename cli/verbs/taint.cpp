#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/writing.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::cli {

namespace {

struct taint_command {
  std::vector<std::string> words;
  target_options targets;
  write_options write;
  bool overwrite = false;
};

bool is_taint(const std::string& word) {
  return word.find('=') != std::string::npos
         || word.find(':') != std::string::npos
         || (word.size() > 1 && word.back() == '-');
}

bool meant(const text::document& taint, const taint_change& change) {
  return taint.value("key", "") == change.key
         && (change.effect.empty()
             || taint.value("effect", "") == change.effect);
}

expected<std::string> edit_taints(text::document& node,
                                  const std::vector<taint_change>& changes,
                                  bool overwrite) {
  auto name = node["metadata"].value("name", "");
  auto& spec = node["spec"];
  auto taints = spec.value("taints", text::document::array());
  bool added = false;
  bool removed = false;
  for (auto& change : changes) {
    auto same = [&](const text::document& t) { return meant(t, change); };
    auto found = std::any_of(taints.begin(), taints.end(), same);
    if (change.remove && !found)
      return make_error(ec::bad_request,
                        "taint \"" + change.key
                            + (change.effect.empty() ? "" : ":") + change.effect
                            + "\" not found");
    if (!change.remove && found && !overwrite)
      return make_error(ec::bad_request,
                        "node " + name + " already has " + change.key
                            + " taint(s) with same effect(s) and --overwrite "
                              "is false");
    auto rest = text::document::array();
    for (auto& t : taints)
      if (!same(t))
        rest.push_back(t);
    taints = rest;
    removed = removed || change.remove;
    added = added || !change.remove;
    if (change.remove)
      continue;
    text::document taint{{"key", change.key}, {"effect", change.effect}};
    if (!change.value.empty())
      taint["value"] = change.value;
    taints.push_back(taint);
  }
  if (taints.empty())
    spec.erase("taints");
  else
    spec["taints"] = taints;
  return std::string{(added && removed) || overwrite ? "modified"
                     : added                         ? "tainted"
                                                     : "untainted"};
}

/// What cannot be done in one command; "" for nothing.
std::string contradiction(const std::vector<taint_change>& changes) {
  for (size_t i = 0; i < changes.size(); ++i)
    for (size_t k = 0; k < i; ++k) {
      auto& a = changes[k];
      auto& b = changes[i];
      auto same =
          a.key == b.key
          && (a.effect == b.effect || a.effect.empty() || b.effect.empty());
      if (same && a.remove != b.remove)
        return "can not both modify and remove the following taint(s) in the "
               "same command: "
               + a.key;
      if (same && a.effect == b.effect)
        return "duplicated taints with the same key and effect: " + a.key
               + (a.effect.empty() ? "" : ":") + a.effect;
    }
  return {};
}

void run_taint(const taint_command& cmd, environment& env) {
  auto first = std::find_if(cmd.words.begin(), cmd.words.end(), is_taint);
  std::vector<taint_change> changes;
  for (auto at = first; at != cmd.words.end(); ++at) {
    auto change = parse_taint(*at);
    if (!change) {
      env.misuse(message_of(change.error()));
      return;
    }
    changes.push_back(*change);
  }
  if (changes.empty()) {
    env.misuse("at least one taint update is required");
    return;
  }
  if (auto wrong = contradiction(changes); !wrong.empty()) {
    env.misuse(wrong);
    return;
  }
  for (auto& each :
       find_targets({cmd.words.begin(), first}, cmd.targets, env)) {
    if (each.kind->kind != "Node") {
      env.misuse("invalid resource type " + std::string{each.kind->plural}
                 + ", only node is supported");
      return;
    }
    change_object(
        each,
        [&](text::document& x) {
          return edit_taints(x, changes, cmd.overwrite);
        },
        cmd.write, env);
  }
}

} // namespace

void add_taint(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<taint_command>();
  auto* sub = app.add_subcommand("taint", "Set and remove taints of nodes");
  sub->add_option("WHAT", cmd->words,
                  "node NAME... KEY=VALUE:EFFECT... KEY:EFFECT-...");
  sub->add_flag("--overwrite", cmd->overwrite, "Change what has a value");
  add_target_options(*sub, cmd->targets);
  add_write_options(*sub, cmd->write);
  sub->callback([cmd, &env] { run_taint(*cmd, env); });
}

} // namespace troupe::cli
