#include "cli/environment.hpp"

#include "messages/api/meta.pb.h"

#include <cstdlib>
#include <ostream>
#include <unistd.h>

namespace troupe::cli {

environment::environment(std::ostream& out, std::ostream& err)
    : out_(out), err_(err) {
  // nop
}

environment::~environment() = default;

std::string environment::data_directory() const {
  if (!data_dir.empty())
    return data_dir;
  if (geteuid() == 0)
    return "/var/lib/troupe";
  if (auto* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state)
    return std::string{state} + "/troupe";
  auto* home = std::getenv("HOME");
  return std::string{home != nullptr ? home : "."} + "/.local/state/troupe";
}

std::string environment::kubeconfig_path() const {
  if (!kubeconfig.empty())
    return kubeconfig;
  // A data directory that is named on the command line is meant.
  if (data_dir.empty())
    if (auto* path = std::getenv("KUBECONFIG"); path != nullptr && *path)
      return path;
  return data_directory() + "/kubeconfig";
}

bool environment::load() {
  if (loaded_)
    return true;
  auto config = crypto::read_kubeconfig(kubeconfig_path());
  if (!config) {
    fail(config.error());
    if (is(config.error(), ec::not_found))
      err_ << "There is no cluster here yet: start one with `troupe up`, or "
              "name its kubeconfig with --kubeconfig.\n";
    return false;
  }
  auto access = crypto::choose(*config, context);
  if (!access) {
    fail(access.error());
    return false;
  }
  access_ = std::move(*access);
  loaded_ = true;
  return true;
}

command_client* environment::client() {
  if (client_)
    return client_.get();
  if (!load())
    return nullptr;
  auto connected = command_client::connect(access_);
  if (!connected) {
    fail(connected.error());
    return nullptr;
  }
  client_ = std::move(*connected);
  return client_.get();
}

std::string environment::current_namespace() {
  if (!ns.empty())
    return ns;
  return load() ? access_.ns : "default";
}

void environment::fail(const caf::error& err) {
  code = failed;
  auto status = to_status(err);
  switch (status.code()) {
    case 400:
    case 500:
    case 503:
    case 504:
      err_ << "error: " << status.message() << "\n";
      break;
    case 422:
      err_ << "The " << status.message() << "\n";
      break;
    default:
      err_ << "Error from server (" << status.reason()
           << "): " << status.message() << "\n";
  }
}

void environment::misuse(const std::string& what) {
  code = wrong_usage;
  err_ << "error: " << what << "\n";
}

} // namespace troupe::cli
