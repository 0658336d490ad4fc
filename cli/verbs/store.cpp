#include "cli/verbs/store.hpp"

#include "cli/commands.hpp"
#include "cli/server_membership.hpp"
#include "messages/store.pb.h"
#include "messages/store_desk.pb.h"
#include "runtime/printing/table.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <ostream>

namespace troupe::cli {

namespace {

using namespace store_api;
using call::StoreAnswer;
using call::StoreQuestion;

std::string role_of(const Member& member, uint64_t leader) {
  if (member.id() == leader)
    return "leader";
  return member.voter() ? "follower" : "learner";
}

std::string problem_of(const Member& member) {
  std::string result;
  auto add = [&](const std::string& what) {
    result += (result.empty() ? "" : "; ") + what;
  };
  if (member.corrupt())
    add("corrupt: holds something else than the others");
  if (member.no_space())
    add("no space: over its quota");
  for (auto& each : member.errors())
    add(each);
  return result;
}

std::string known(uint64_t number) {
  return number == 0 ? "-" : std::to_string(number);
}

/// Why the store as a whole serves nobody; "" when it does.
std::string why_not(const StatusResponse& x) {
  std::string result;
  // What the one that was asked says of itself.
  for (auto& each : x.errors())
    result += (result.empty() ? "" : "; ") + each;
  if (!result.empty())
    return result;
  return x.leader() == 0 ? no_leader : "";
}

void print_status(const StatusResponse& x, environment& env) {
  auto problem = why_not(x);
  if (x.members().empty()) {
    env.fail(make_error(ec::service_unavailable,
                        problem.empty() ? "the store does not say how it is"
                                        : problem));
    return;
  }
  printing::table facts;
  auto add = [&](const char* name, uint64_t value) {
    facts.rows.push_back({name, std::to_string(value)});
  };
  add("Revision:", x.revision());
  add("Compacted:", x.compacted_revision());
  add("Term:", x.term());
  add("Committed index:", x.commit_index());
  facts.rows.push_back(
      {"Leader:", x.leader() == 0 ? "none" : std::to_string(x.leader())});
  env.out() << printing::to_text(facts) << "\n";
  printing::table table;
  table.header = {"ID",          "SERVER",    "ROLE",   "APPLIED",
                  "STATE BYTES", "LOG BYTES", "PROBLEM"};
  for (auto& m : x.members())
    table.rows.push_back({std::to_string(m.id()), server_of(m),
                          role_of(m, x.leader()), known(m.applied_index()),
                          known(m.state_bytes()), known(m.log_bytes()),
                          problem_of(m)});
  env.out() << printing::to_text(table);
  if (!problem.empty())
    env.fail(make_error(ec::service_unavailable, problem));
}

void add_status_of_store(CLI::App& store, environment& env) {
  auto* sub = store.add_subcommand(
      "status", "Who takes part in the store, and how each is");
  sub->callback([&env] {
    if (auto x = store_status(env, true))
      print_status(*x, env);
  });
}

void add_move_leader(CLI::App& store, environment& env) {
  auto to = std::make_shared<std::string>();
  auto* sub =
      store.add_subcommand("move-leader", "Let another member lead the store");
  sub->add_option("MEMBER", *to,
                  "Its id or its server's name; whoever is furthest unless "
                  "given");
  sub->callback([&env, to] {
    StoreQuestion what;
    what.mutable_move_leader();
    if (!to->empty()) {
      auto id = member_of(env, *to);
      if (!id)
        return;
      what.mutable_move_leader()->set_id(*id);
    }
    if (auto answer = ask_store(env, what))
      env.out() << "member " << answer->members().id() << " leads\n";
  });
}

void add_compact(CLI::App& store, environment& env) {
  auto revision = std::make_shared<uint64_t>(0);
  auto* sub = store.add_subcommand("compact", "Give up history");
  sub->add_option("REVISION", *revision,
                  "The oldest revision that can be read from then on")
      ->required()
      ->check(CLI::Range(uint64_t{1}, uint64_t{INT64_MAX}));
  sub->callback([&env, revision] {
    StoreQuestion what;
    what.mutable_compact()->set_revision(*revision);
    if (ask_store(env, what))
      env.out() << "compacted to revision " << *revision << "\n";
  });
}

void add_hash(CLI::App& store, environment& env) {
  auto revision = std::make_shared<uint64_t>(0);
  auto* sub = store.add_subcommand(
      "hash", "Compare what the members hold; exit code 1 unless all the same");
  sub->add_option("--revision", *revision,
                  "As of this revision; the present unless given")
      ->check(CLI::Range(uint64_t{0}, uint64_t{INT64_MAX}));
  sub->callback([&env, revision] {
    StoreQuestion what;
    what.mutable_hash()->set_revision(*revision);
    auto answer = ask_store(env, what);
    if (!answer)
      return;
    auto& x = answer->hash();
    env.out() << "Revision: " << x.revision() << "\n\n";
    printing::table table;
    table.header = {"ID", "HASH", "KEYS", "PROBLEM"};
    bool same = true;
    for (auto& m : x.members()) {
      char text[17];
      std::snprintf(text, sizeof(text), "%016llx",
                    static_cast<unsigned long long>(m.hash()));
      table.rows.push_back(
          {std::to_string(m.id()), m.error().empty() ? text : "-",
           m.error().empty() ? std::to_string(m.keys()) : "-", m.error()});
      same = same && m.error().empty() && m.hash() == x.members(0).hash();
    }
    env.out() << printing::to_text(table);
    if (!same)
      env.code = failed;
  });
}

const char* kind_text(Alarm::Kind kind) {
  return kind == Alarm::CORRUPTION ? "corruption" : "space";
}

void print_alarms(const AlarmResponse& x, environment& env) {
  if (x.alarms().empty())
    env.out() << "No alarms (`troupe store status` tells how each member "
                 "is)\n";
  for (auto& alarm : x.alarms())
    env.out() << kind_text(alarm.kind()) << " of member " << alarm.member()
              << "\n";
}

void add_alarm(CLI::App& store, environment& env) {
  auto* alarm = store.add_subcommand(
      "alarm", "What members have found: no space, or contents that differ");
  alarm->require_subcommand(1);
  auto* list = alarm->add_subcommand("list", "All alarms");
  list->callback([&env] {
    StoreQuestion what;
    what.mutable_alarms();
    if (auto answer = ask_store(env, what))
      print_alarms(answer->alarms(), env);
  });
  auto kind = std::make_shared<std::string>();
  auto which = std::make_shared<std::string>();
  auto* disarm = alarm->add_subcommand(
      "disarm", "End an alarm; what has not changed raises it again");
  disarm->add_option("KIND", *kind, "space or corruption")
      ->required()
      ->check(CLI::IsMember({"space", "corruption"}));
  disarm->add_option("MEMBER", *which, "Its id or its server's name")
      ->required();
  disarm->callback([&env, kind, which] {
    auto id = member_of(env, *which);
    if (!id)
      return;
    StoreQuestion what;
    auto& ended = *what.mutable_disarm()->mutable_alarm();
    ended.set_member(*id);
    ended.set_kind(*kind == "space" ? Alarm::SPACE : Alarm::CORRUPTION);
    if (auto answer = ask_store(env, what))
      print_alarms(answer->alarms(), env);
  });
}

} // namespace

std::optional<StoreAnswer> ask_store(environment& env,
                                     const StoreQuestion& what) {
  auto* client = env.client();
  if (client == nullptr)
    return std::nullopt;
  auto answer = client->ask_store(what);
  if (answer)
    return std::move(*answer);
  env.fail(answer.error());
  return std::nullopt;
}

std::optional<StatusResponse> store_status(environment& env, bool everyone) {
  StoreQuestion what;
  what.mutable_status()->set_everyone(everyone);
  auto answer = ask_store(env, what);
  if (!answer)
    return std::nullopt;
  if (!answer->status().members().empty())
    return answer->status();
  // One that is ill knows of nobody; another server may.
  for (auto& client : env.all_clients())
    if (auto other = client->ask_store(what);
        other && !other->status().members().empty())
      return other->status();
  return answer->status();
}

void add_store(CLI::App& app, environment& env) {
  auto* store = app.add_subcommand(
      "store", "Look after the store that keeps the cluster's state");
  store->require_subcommand(1);
  add_status_of_store(*store, env);
  add_store_members(*store, env);
  add_move_leader(*store, env);
  add_compact(*store, env);
  add_hash(*store, env);
  add_alarm(*store, env);
  add_store_files(*store, env);
}

} // namespace troupe::cli
