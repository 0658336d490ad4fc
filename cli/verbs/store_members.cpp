#include "cli/server_membership.hpp"
#include "cli/verbs/store.hpp"
#include "messages/store.pb.h"
#include "messages/store_desk.pb.h"
#include "runtime/printing/table.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;
using namespace store_api;
using call::StoreQuestion;

template <class Members>
void print_members(const Members& all, environment& env) {
  printing::table table;
  table.header = {"ID", "SERVER", "VOTER", "LEADER"};
  for (auto& m : all)
    table.rows.push_back({std::to_string(m.id()), server_of(m),
                          m.voter() ? "true" : "false",
                          m.leader() ? "true" : "false"});
  env.out() << printing::to_text(table);
}

caf::error no_member(const std::string& text) {
  return make_error(ec::not_found, "the store has no member \"" + text
                                       + "\": an id or a server's name, as "
                                         "`troupe store status` shows them");
}

/// A member by its id or its server's name. Has told the user why the store
/// does not say.
std::optional<std::optional<Member>> seek_member(environment& env,
                                                 const std::string& text) {
  auto all = store_status(env, false);
  if (!all)
    return std::nullopt;
  for (auto& m : all->members())
    if (server_of(m) == text || std::to_string(m.id()) == text)
      return std::optional{m};
  return std::optional<Member>{};
}

/// One whose server is still here, though the store has it no more.
std::optional<Member> left_behind(const fs::path& data_dir,
                                  const std::string& text) {
  auto settings = read_server_settings(data_dir);
  if (!settings)
    return std::nullopt;
  for (auto& place : settings->places) {
    if (place.name != text)
      continue;
    Member result;
    result.set_id(place.member);
    result.set_address(place.name + "/store");
    return result;
  }
  return std::nullopt;
}

void print_all_members(environment& env) {
  auto x = store_status(env, false);
  if (!x)
    return;
  if (x->members().empty()) {
    env.fail(make_error(ec::service_unavailable,
                        x->errors().empty() ? "the store does not say who "
                                              "takes part"
                                            : x->errors(0)));
    return;
  }
  for (auto& m : *x->mutable_members())
    m.set_leader(m.id() == x->leader());
  print_members(x->members(), env);
  if (x->leader() == 0)
    env.fail(make_error(ec::service_unavailable, no_leader));
}

/// The data directory, if the cluster that is asked is the one of it.
std::optional<fs::path> own_data_dir(environment& env) {
  fs::path result = fs::absolute(env.data_directory());
  std::error_code other;
  if (fs::equivalent(env.kubeconfig_path(), result / "kubeconfig", other))
    return result;
  return std::nullopt;
}

void add_member_add(CLI::App& to, environment& env) {
  auto name = std::make_shared<std::string>();
  auto* sub = to.add_subcommand(
      "add", "Add a server with a store, in a process of its own");
  sub->add_option("SERVER", *name,
                  "Its name; the first server-N that is free unless given")
      ->check([](const std::string& given) {
        return given.empty() ? std::string{"a server's name is not empty"}
                             : std::string{};
      });
  sub->callback([&env, name] {
    auto data_dir = own_data_dir(env);
    if (!data_dir) {
      env.fail_here(make_error(ec::bad_request,
                               "a server is added where it shall run: name the "
                               "cluster by its --data-dir"));
      return;
    }
    auto* client = env.client();
    if (client == nullptr)
      return;
    auto added = add_server(*client, *data_dir, *name);
    if (!added) {
      env.fail_here(added.error());
      return;
    }
    env.out() << "member " << added->member << " added: " << added->name
              << "\n";
    print_all_members(env);
  });
}

void add_member_promote(CLI::App& to, environment& env) {
  auto which = std::make_shared<std::string>();
  auto* sub =
      to.add_subcommand("promote", "Give a learner that has caught up a vote");
  sub->add_option("MEMBER", *which, "Its id or its server's name")->required();
  sub->callback([&env, which] {
    auto id = member_of(env, *which);
    if (!id)
      return;
    StoreQuestion what;
    what.mutable_promote()->set_id(*id);
    if (auto answer = ask_store(env, what)) {
      env.out() << "member " << answer->members().id() << " has a vote\n";
      print_all_members(env);
    }
  });
}

void add_member_remove(CLI::App& to, environment& env) {
  auto which = std::make_shared<std::string>();
  auto* sub = to.add_subcommand(
      "remove", "Remove a member for ever, and its server if it is here");
  sub->add_option("MEMBER", *which, "Its id or its server's name")->required();
  sub->callback([&env, which] {
    auto found = seek_member(env, *which);
    if (!found)
      return;
    auto member = *found;
    auto data_dir = own_data_dir(env);
    if (!member && data_dir)
      member = left_behind(*data_dir, *which);
    if (!member) {
      env.fail_here(no_member(*which));
      return;
    }
    auto err = data_dir ? remove_server(*env.client(), *data_dir, *member)
                        : remove_member(*env.client(), member->id());
    if (err) {
      env.fail_here(err);
      return;
    }
    env.out() << "member " << member->id() << " removed: " << server_of(*member)
              << "\n";
    print_all_members(env);
  });
}

} // namespace

std::optional<uint64_t> member_of(environment& env, const std::string& text) {
  uint64_t id = 0;
  auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (bad == std::errc{} && end == text.data() + text.size() && id != 0)
    return id;
  auto found = seek_member(env, text);
  if (!found)
    return std::nullopt;
  if (*found)
    return (*found)->id();
  env.fail_here(no_member(text));
  return std::nullopt;
}

void add_store_members(CLI::App& store, environment& env) {
  auto* member =
      store.add_subcommand("member", "Change who takes part in the store");
  member->require_subcommand(1);
  auto* list = member->add_subcommand("list", "Who takes part");
  list->callback([&env] { print_all_members(env); });
  add_member_add(*member, env);
  add_member_promote(*member, env);
  add_member_remove(*member, env);
}

} // namespace troupe::cli
