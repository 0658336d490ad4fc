#include "cli/environment.hpp"

#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <ostream>
#include <pwd.h>
#include <unistd.h>

namespace troupe::cli {

namespace {

/// Longer words of a message are cut: they come from the input, whole.
constexpr size_t longest_word = 1'000;

void append_harmless(std::string& to, char c) {
  auto byte = static_cast<unsigned char>(c);
  if ((byte >= 0x20 || c == '\n') && byte != 0x7f) {
    to += c;
    return;
  }
  char escaped[8];
  std::snprintf(escaped, sizeof(escaped), "\\x%02x", byte);
  to += escaped;
}

/// What users gave comes back in errors; it must neither speak to their
/// terminal nor fill it.
std::string harmless(const std::string& text) {
  std::string result;
  size_t word = 0;
  for (auto c : text) {
    word = c == ' ' || c == '\n' ? 0 : word + 1;
    if (word < longest_word)
      append_harmless(result, c);
    else if (word == longest_word)
      result += "...";
  }
  return result;
}

/// What validation found: one finding stands in the line, several below it.
std::string findings(const meta::v1::Status& status) {
  auto& details = status.details();
  if (details.causes_size() == 0)
    return status.message().starts_with("the ") ? status.message()
                                                : "The " + status.message();
  auto result =
      "The " + details.kind() + " \"" + details.name() + "\" is invalid: ";
  for (auto& cause : details.causes()) {
    if (details.causes_size() > 1)
      result += "\n* ";
    result += cause.field() + ": " + cause.message();
  }
  return result;
}

std::string home_directory() {
  if (auto* home = std::getenv("HOME"); home != nullptr && *home)
    return home;
  auto* user = getpwuid(geteuid());
  return user != nullptr ? user->pw_dir : "/";
}

} // namespace

environment::environment(std::ostream& out, std::ostream& err,
                         std::shared_ptr<command_client> client)
    : out_(out), err_(err), client_(std::move(client)) {
  // nop
}

environment::~environment() = default;

std::string environment::named_directory() const {
  if (!data_dir.empty())
    return data_dir;
  auto* named = std::getenv("TROUPE_DATA_DIR");
  return named != nullptr ? named : "";
}

std::string environment::data_directory() const {
  if (auto named = named_directory(); !named.empty())
    return named;
  if (geteuid() == 0)
    return "/var/lib/troupe";
  if (auto* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state)
    return std::string{state} + "/troupe";
  return home_directory() + "/.local/state/troupe";
}

std::string environment::kubeconfig_path() const {
  if (!kubeconfig.empty())
    return kubeconfig;
  // A data directory that is named is meant.
  if (named_directory().empty())
    if (auto* path = std::getenv("KUBECONFIG"); path != nullptr && *path)
      return path;
  return data_directory() + "/kubeconfig";
}

caf::error environment::load() {
  if (loaded_)
    return caf::none;
  auto config = crypto::read_kubeconfig(kubeconfig_path());
  if (!config)
    return config.error();
  auto access = crypto::choose(*config, context);
  if (!access)
    return access.error();
  access_ = std::move(*access);
  loaded_ = true;
  return caf::none;
}

expected<command_client*> environment::try_client() {
  if (client_)
    return client_.get();
  if (auto err = load())
    return err;
  auto connected = command_client::connect(access_);
  if (!connected)
    return connected.error();
  client_ = std::move(*connected);
  return client_.get();
}

command_client* environment::client() {
  auto found = try_client();
  if (found)
    return *found;
  if (loaded_) {
    fail(found.error());
    return nullptr;
  }
  code = failed;
  err_ << "error: " << message_of(found.error()) << "\n";
  if (is(found.error(), ec::not_found))
    err_ << "There is no cluster here yet: start one with `troupe up`, or "
            "name its kubeconfig with --kubeconfig.\n";
  return nullptr;
}

expected<const crypto::kubeconfig_access*> environment::access() {
  if (auto err = load())
    return err;
  return &access_;
}

std::vector<std::shared_ptr<command_client>> environment::all_clients() {
  auto* first = client();
  if (first == nullptr)
    return {};
  auto addresses = crypto::addresses_of(access_.cluster);
  if (addresses.size() == 1)
    return {client_};
  std::vector<std::shared_ptr<command_client>> result;
  for (auto& address : addresses) {
    if (address == first->address()) {
      result.push_back(client_);
      continue;
    }
    auto one = access_;
    one.cluster.actors = address;
    if (auto connected = command_client::connect(one))
      result.push_back(std::move(*connected));
  }
  return result;
}

expected<system::ActorList> environment::all_actors() {
  expected<system::ActorList> result{
      make_error(ec::service_unavailable, "no server answers")};
  // One that was cut off from others does not know what is there.
  std::map<std::string, system::ActorEntry> by_path;
  for (auto& each : all_clients()) {
    auto list = each->actors();
    if (!list) {
      if (!result)
        result = std::move(list);
      continue;
    }
    for (auto& row : list->actors())
      by_path.emplace(row.path(), row);
    result = system::ActorList{};
  }
  if (result)
    for (auto& [path, row] : by_path)
      *result->add_actors() = row;
  return result;
}

std::string environment::current_namespace() {
  if (!ns.empty())
    return ns;
  return load() ? "default" : access_.ns;
}

void environment::fail(const caf::error& err) {
  switch (to_status(err).code()) {
    case 400: // also for what never left this process
    case 500:
    case 503:
    case 504:
      code = failed;
      // kubectl's own words for one that is not there stand alone.
      err_ << (message_of(err).starts_with("The connection") ? "" : "error: ")
           << harmless(message_of(err)) << "\n";
      break;
    default:
      refused(err);
  }
}

void environment::refused(const caf::error& err) {
  code = failed;
  auto status = to_status(err);
  if (status.code() == 422)
    err_ << harmless(findings(status)) << "\n";
  else if (status.reason().empty())
    err_ << "Error from server: " << harmless(status.message()) << "\n";
  else
    err_ << "Error from server (" << status.reason()
         << "): " << harmless(status.message()) << "\n";
}

void environment::fail_here(const caf::error& err) {
  err_ << "error: " << harmless(message_of(err)) << "\n";
  code = failed;
}

void environment::misuse(const std::string& what) {
  code = wrong_usage;
  err_ << "error: " << harmless(what) << "\n";
}

} // namespace troupe::cli
