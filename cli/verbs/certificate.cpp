#include "cli/verbs/certificate.hpp"

#include "cli/commands.hpp"
#include "cli/resources.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/printing/table.hpp"
#include "runtime/rules/issued_certificates.hpp"
#include "runtime/rules/joining.hpp"
#include "runtime/system/context.hpp"
#include "runtime/text/timestamp.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <ostream>

namespace troupe::cli {

namespace {

using core::v1::ConfigMap;
using rules::issued_certificates;
using rules::revoked_certificates;

constexpr int most_tries = 5;

/// How long one is remembered whose own end nobody knows: as long as the
/// authority lives.
constexpr std::chrono::hours longest_life{24 * 3650};

/// What is recorded of certificates; nothing after an error, which `env` knows.
std::optional<std::vector<issued_certificates>> records(environment& env,
                                                        command_client& by) {
  auto ask =
      about(call::LIST, kind_of<ConfigMap>(), rules::certificates_namespace);
  ask.set_label_selector(std::string{rules::certificates_label} + "=issued");
  auto found = by.ask(std::move(ask));
  if (!found) {
    env.fail(found.error());
    return std::nullopt;
  }
  std::vector<issued_certificates> result;
  for (auto& each : found->objects)
    if (auto one = rules::read_issued_certificates(each.as<ConfigMap>()))
      result.push_back(std::move(*one));
  return result;
}

/// The ConfigMap of what is revoked; none where nothing ever was.
expected<object> read_map(command_client& by) {
  auto found =
      by.ask(about(call::GET, kind_of<ConfigMap>(),
                   rules::certificates_namespace, rules::revoked_name));
  if (found)
    return found->one();
  return is(found.error(), ec::not_found) ? expected<object>{object{}}
                                          : expected<object>{found.error()};
}

/// Those that somebody means by a node's name, a user's, or a serial.
revoked_certificates meant(const std::vector<issued_certificates>& all,
                           const std::string& what, time_point now) {
  revoked_certificates result;
  // Other programs write it in capitals.
  auto number = what;
  std::transform(number.begin(), number.end(), number.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  for (auto& record : all)
    for (auto& [serial, until] : record.until)
      if (record.user == what || record.user == rules::node_user(what)
          || serial == number)
        result[serial] = {record.user, until};
  // The cluster's first certificates are in no record.
  constexpr size_t shortest_serial = 16;
  if (result.empty() && rules::is_serial(number)
      && number.size() >= shortest_serial)
    result[number] = {"unknown", now + longest_life};
  return result;
}

caf::error write_map(command_client& by, const revoked_certificates& more,
                     time_point now) {
  caf::error last;
  for (int i = 0; i < most_tries; ++i) {
    auto old = read_map(by);
    if (!old)
      return old.error();
    auto all = *old ? rules::read_revoked(old->as<ConfigMap>())
                    : revoked_certificates{};
    all.insert(more.begin(), more.end());
    auto map = rules::to_config_map(all, now);
    if (*old)
      map.mutable_metadata()->set_resource_version(
          std::to_string(old->revision()));
    auto done =
        by.ask(about(*old ? call::UPDATE : call::CREATE, kind_of<ConfigMap>(),
                     rules::certificates_namespace, rules::revoked_name),
               object::of(map));
    if (done)
      return caf::none;
    last = done.error();
    if (!is(last, ec::conflict) && !is(last, ec::already_exists))
      return last;
  }
  return last;
}

void run_revoke(const std::vector<std::string>& words, environment& env) {
  auto* client = env.client();
  if (client == nullptr)
    return;
  auto all = records(env, *client);
  if (!all)
    return;
  auto now = real_world()->now();
  for (auto& word : words) {
    auto found = meant(*all, word, now);
    if (found.empty()) {
      env.fail_here(make_error(
          ec::not_found, "no certificate is known of \"" + word
                             + "\": a node, a user or a serial, as `troupe "
                               "certificate list` shows them"));
      continue;
    }
    if (auto err = write_map(*client, found, now)) {
      env.fail(err);
      continue;
    }
    for (auto& [serial, each] : found)
      env.out() << "certificate " << serial << " of " << each.user
                << " revoked\n";
  }
}

void run_list(environment& env) {
  auto* client = env.client();
  if (client == nullptr)
    return;
  auto all = records(env, *client);
  if (!all)
    return;
  auto map = read_map(*client);
  if (!map)
    return env.fail(map.error());
  auto revoked =
      *map ? rules::read_revoked(map->as<ConfigMap>()) : revoked_certificates{};
  auto now = real_world()->now();
  printing::table table;
  table.header = {"USER", "SERIAL", "UNTIL", "STATE"};
  auto add = [&](const std::string& user, const std::string& serial,
                 time_point until, const char* state) {
    table.rows.push_back({user, serial, text::time_text(until), state});
  };
  for (auto& record : *all)
    for (auto& [serial, until] : record.until) {
      auto bad = revoked.erase(serial) > 0;
      add(record.user, serial, until,
          bad ? "Revoked" : (until <= now ? "Expired" : "Valid"));
    }
  for (auto& [serial, each] : revoked)
    add(each.user, serial, each.until, "Revoked");
  env.out() << printing::to_text(table);
}

} // namespace

void add_certificate(CLI::App& app, environment& env) {
  auto* certificate = app.add_subcommand(
      "certificate",
      "Decide who gets certificates, look at those of who joined, revoke them");
  certificate->require_subcommand(1);
  add_certificate_decisions(*certificate, env);
  auto* list = certificate->add_subcommand("list", "Who has which");
  list->callback([&env] { run_list(env); });
  auto words = std::make_shared<std::vector<std::string>>();
  auto* sub = certificate->add_subcommand(
      "revoke",
      "Let certificates in no more, and end what they have opened. To delete a "
      "node does not revoke: while its certificate is good it may come back");
  sub->add_option("WHAT", *words, "Nodes, users or serials")->required();
  sub->callback([words, &env] { run_revoke(*words, env); });
}

} // namespace troupe::cli
