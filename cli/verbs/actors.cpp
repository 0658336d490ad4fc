#include "cli/commands.hpp"
#include "cli/resources.hpp"
#include "messages/system.pb.h"
#include "runtime/printing/table.hpp"
#include "runtime/text/duration.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <ostream>

namespace troupe::cli {

namespace {

std::string depth_indent(const std::string& path) {
  return std::string(
      2 * static_cast<size_t>(std::count(path.begin(), path.end(), '/')), ' ');
}

printing::table topology_of(const system::ActorList& list,
                            const std::string& below) {
  printing::table table;
  table.header = {"ACTOR", "COMPONENT", "RESTARTS", "FACTS", "LAST FAILURE"};
  for (auto& a : list.actors()) {
    if (!below.empty() && a.path() != below
        && a.path().rfind(below + "/", 0) != 0)
      continue;
    std::string facts;
    if (a.has_away_ms())
      facts = "stopped, back in "
              + text::age_text(std::chrono::milliseconds{a.away_ms() + 999});
    for (auto& f : a.facts())
      facts += (facts.empty() ? "" : " ") + f;
    table.rows.push_back({depth_indent(a.path()) + a.path(), a.component(),
                          std::to_string(a.restarts()), facts,
                          a.last_failure()});
  }
  return table;
}

void print_topology(const std::string& below, environment& env) {
  auto list = env.all_actors();
  if (!list) {
    env.fail(list.error());
    return;
  }
  auto table = topology_of(*list, below);
  if (table.rows.empty())
    env.fail(make_error(ec::not_found, "no actor at \"" + below + "\""));
  else
    env.out() << printing::to_text(table);
}

} // namespace

void add_topology(CLI::App& app, environment& env) {
  auto* sub = app.add_subcommand("topology", "Show all actors as they are");
  auto below = std::make_shared<std::string>();
  sub->add_option("PATH", *below, "Only this actor and those below it");
  sub->callback([&env, below] { print_topology(*below, env); });
}

namespace {

struct kill_command {
  std::vector<std::string> paths;
  std::string away;
};

void run_kill(const kill_command& cmd, environment& env) {
  std::chrono::milliseconds away{0};
  if (!cmd.away.empty()) {
    auto given = text::parse_duration(cmd.away);
    if (given)
      away = std::chrono::duration_cast<std::chrono::milliseconds>(*given);
    if (!given || away.count() <= 0) {
      env.misuse("invalid argument \"" + cmd.away + "\" for \"--for\" flag: "
                 + (given ? "must be above 0" : message_of(given.error())));
      return;
    }
  }
  auto* client = env.client();
  if (client == nullptr)
    return;
  for (auto& path : cmd.paths) {
    auto killed = client->kill(path, away);
    if (!killed) {
      env.fail(killed.error());
      continue;
    }
    for (auto& p : killed->paths())
      env.out() << p << " killed"
                << (away.count() > 0 ? ", back in " + text::duration_text(away)
                                     : std::string{})
                << "\n";
  }
}

} // namespace

void add_kill(CLI::App& app, environment& env) {
  auto* sub = app.add_subcommand("kill", "End an actor, as a failure would");
  auto cmd = std::make_shared<kill_command>();
  sub->add_option("PATH", cmd->paths, "Paths as topology shows them")
      ->required();
  sub->add_option("--for", cmd->away,
                  "Keep it and all below it away for so long: 500ms, 30s");
  sub->callback([&env, cmd] { run_kill(*cmd, env); });
}

void add_why(CLI::App& app, environment& env) {
  auto* sub = app.add_subcommand("why", "Say why an object is the way it is");
  auto words = std::make_shared<std::vector<std::string>>();
  sub->add_option("OBJECT", *words, "KIND/NAME or KIND NAME")->required();
  sub->callback([&env, words] {
    auto parsed = parse_resources(*words);
    if (!parsed) {
      env.misuse(message_of(parsed.error()));
      return;
    }
    auto* client = env.client();
    if (client == nullptr)
      return;
    for (auto& item : parsed->items) {
      if (item.name.empty()) {
        env.misuse("name one object, as in pod/web");
        return;
      }
      auto key = item.kind->namespaced
                     ? env.current_namespace() + "/" + item.name
                     : item.name;
      auto found = client->ask(
          about(call::GET, *item.kind, env.current_namespace(), item.name));
      if (!found) {
        env.refused(found.error());
        return;
      }
      auto why = client->explain(std::string{item.kind->kind}, key);
      if (!why) {
        env.fail(why.error());
        return;
      }
      if (why->decisions_size() == 0)
        env.out() << "No component has decided anything about "
                  << display_name(*item.kind, item.name) << "\n";
      for (auto& d : why->decisions())
        env.out() << d << "\n";
    }
  });
}

} // namespace troupe::cli
