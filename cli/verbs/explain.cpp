#include "runtime/printing/explain.hpp"

#include "cli/commands.hpp"
#include "cli/resources.hpp"
#include "runtime/printing/table.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <optional>
#include <ostream>
#include <tuple>

namespace troupe::cli {

namespace {

struct explain_command {
  std::string what;
  std::string api_version;
  bool recursive = false;
};

/// The kind of a word, in the version that is asked for.
expected<const kind_info*> kind_in(const std::string& word,
                                   const std::string& api_version) {
  auto kind = kind_named(word);
  if (!kind || api_version.empty() || (*kind)->api_version() == api_version)
    return kind;
  for (auto& other : all_kinds())
    if (other.api_version() == api_version && other.kind == (*kind)->kind)
      return &other;
  return make_error(ec::bad_request,
                    "couldn't find resource for \"" + api_version
                        + ", Kind=" + std::string{(*kind)->kind} + "\"");
}

/// Splits "deployments.apps.spec.replicas" into the kind's longest name and
/// the fields behind it.
expected<std::string> explained(const explain_command& cmd) {
  auto words = split(cmd.what, '.');
  auto kind_words = words.size();
  auto name = cmd.what;
  while (kind_words > 1 && !kind_named(name)) {
    --kind_words;
    name = name.substr(0, name.rfind('.'));
  }
  auto kind = kind_in(name, cmd.api_version);
  if (!kind)
    return kind.error();
  return printing::explain(
      **kind, {words.begin() + static_cast<ptrdiff_t>(kind_words), words.end()},
      cmd.recursive);
}

struct list_command {
  std::optional<std::string> group;
  std::optional<bool> namespaced;
  std::vector<std::string> verbs;
  std::vector<std::string> categories;
  std::string output;
  std::string sort_by;
  bool no_headers = false;
};

bool wanted(const kind_info& kind, const list_command& cmd) {
  auto has = [](const auto& all, const std::string& x) {
    return std::find(all.begin(), all.end(), x) != all.end();
  };
  return !kind.plural.empty() && (!cmd.group || kind.group == *cmd.group)
         && (!cmd.namespaced || kind.namespaced == *cmd.namespaced)
         && std::all_of(cmd.verbs.begin(), cmd.verbs.end(),
                        [&](auto& x) { return has(kind.verbs, x); })
         && std::all_of(cmd.categories.begin(), cmd.categories.end(),
                        [&](auto& x) { return has(kind.categories, x); });
}

template <class List>
std::string joined(const List& list) {
  std::string out;
  for (auto& x : list)
    out += (out.empty() ? "" : ",") + std::string{x};
  return out;
}

void list_kinds(const list_command& cmd, environment& env) {
  std::vector<const kind_info*> kinds;
  for (auto& kind : all_kinds())
    if (wanted(kind, cmd))
      kinds.push_back(&kind);
  std::stable_sort(kinds.begin(), kinds.end(), [&](auto* a, auto* b) {
    if (cmd.sort_by == "name")
      return a->plural < b->plural;
    if (cmd.sort_by == "kind")
      return a->kind < b->kind;
    return std::tie(a->group, a->plural) < std::tie(b->group, b->plural);
  });
  if (cmd.output == "name") {
    for (auto* kind : kinds)
      env.out() << kind->qualified_plural() << "\n";
    return;
  }
  auto wide = cmd.output == "wide";
  printing::table table;
  if (!cmd.no_headers)
    table.header = {"NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"};
  if (wide && !cmd.no_headers)
    table.header.insert(table.header.end(), {"VERBS", "CATEGORIES"});
  for (auto* kind : kinds) {
    table.rows.push_back({std::string{kind->plural}, joined(kind->short_names),
                          kind->api_version(),
                          kind->namespaced ? "true" : "false",
                          std::string{kind->kind}});
    if (wide)
      table.rows.back().insert(table.rows.back().end(),
                               {joined(kind->verbs), joined(kind->categories)});
  }
  env.out() << printing::to_text(table);
}

} // namespace

void add_explain(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<explain_command>();
  auto* sub = app.add_subcommand("explain", "Tell what a kind's fields mean");
  sub->add_option("KIND", cmd->what, "KIND, or KIND.FIELD[.FIELD...]")
      ->required();
  sub->add_option("--api-version", cmd->api_version, "Such as apps/v1");
  sub->add_flag("--recursive", cmd->recursive, "Names of all fields below");
  sub->callback([cmd, &env] {
    if (auto text = explained(*cmd))
      env.out() << *text;
    else
      env.misuse(message_of(text.error()));
  });
}

void add_api_resources(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<list_command>();
  auto* sub = app.add_subcommand("api-resources", "List the kinds there are");
  sub->add_option("--api-group", cmd->group, "Only of this group");
  sub->add_option("--namespaced", cmd->namespaced,
                  "Only those that live in namespaces, or only the others");
  sub->add_option("--verbs", cmd->verbs, "Only those with all these verbs")
      ->delimiter(',');
  sub->add_option("--categories", cmd->categories, "Only of these categories")
      ->delimiter(',');
  sub->add_option("-o,--output", cmd->output, "wide or name")
      ->check(CLI::IsMember({"wide", "name"}));
  sub->add_option("--sort-by", cmd->sort_by, "name or kind")
      ->check(CLI::IsMember({"name", "kind"}));
  sub->add_flag("--no-headers", cmd->no_headers, "No header line");
  sub->callback([cmd, &env] { list_kinds(*cmd, env); });
}

} // namespace troupe::cli
