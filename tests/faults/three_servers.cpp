#include "three_servers.hpp"

#include "runtime/crypto/kubeconfig.hpp"

#include <csignal>
#include <filesystem>
#include <thread>

namespace troupe::test {

namespace {

real_options of_three(real_options options, const machines* apart) {
  options.nodes = 1;
  options.servers = 3;
  options.processes = true;
  if (apart == nullptr)
    return options;
  for (auto& server : server_names)
    options.hosts.push_back(machines::address(machine_of(server)));
  options.launcher = apart->launcher(machine_of(server_names[0]));
  return options;
}

} // namespace

size_t machine_of(const std::string& server) {
  return static_cast<size_t>(server.back() - '0');
}

three_servers::three_servers(real_options options, const machines* apart)
    : cluster_(of_three(options, apart)), apart_(apart) {
  if (apart == nullptr)
    return;
  auto preload = options.preload.empty()
                     ? std::string{}
                     : "env LD_PRELOAD=" + options.preload.string()
                           + " TROUPE_FAULTS="
                           + (cluster_.folder() / "faults").string() + " ";
  for (size_t i = 1; i < server_names.size(); ++i)
    others_.push_back(std::make_unique<child_program>(
        apart->launcher(machine_of(server_names[i])) + preload
            + cluster_.program("troupe") + " --data-dir "
            + cluster_.data().string() + " server --name " + server_names[i],
        cluster_.folder() / server_names[i]));
}

bool three_servers::start() {
  if (apart_ == nullptr)
    return cluster_.up();
  // A group of three serves with two, so that `up` waits for one of these.
  bool good = false;
  std::thread first{[&] { good = cluster_.up(); }};
  auto others = wait_until([&] {
                  return std::filesystem::exists(cluster_.data() / "servers"
                                                 / "settings.json");
                })
                && start_others();
  first.join();
  return good && others;
}

/// Who runs the first server would start them too, on the wrong machine: they
/// are started until they hold their places.
bool three_servers::start_others() {
  return wait_until([&] {
    auto all = true;
    for (size_t i = 0; i < others_.size(); ++i) {
      auto& each = *others_[i];
      each.start();
      all = cluster_.server(server_names[i + 1]) == each.pid() && all;
    }
    return all;
  });
}

pid_t three_servers::process(const std::string& server) const {
  return server == server_names[0] ? cluster_.server()
                                   : cluster_.server(server);
}

void three_servers::signal(const std::string& server, int which) {
  auto pid = process(server);
  if (pid == 0)
    return;
  ::kill(pid, which);
  wait_until([&] {
    for (auto& each : others_)
      each->lives();
    return process(server) != pid;
  });
}

void three_servers::kill(const std::string& server) {
  signal(server, SIGKILL);
}

void three_servers::end(const std::string& server) {
  signal(server, SIGTERM);
}

bool three_servers::start_missing() {
  // Who is alone waits for a second one.
  bool good = true;
  std::thread first{[&] {
    if (cluster_.server() == 0)
      good = cluster_.run("up --port 0 --detach");
  }};
  auto others =
      start_others() && wait_until([&] {
        return process(server_names[1]) != 0 && process(server_names[2]) != 0;
      });
  first.join();
  return good && others;
}

std::string three_servers::addresses() const {
  auto config = crypto::read_kubeconfig(cluster_.data() / "kubeconfig");
  return config ? config->clusters.front().actors : std::string{};
}

} // namespace troupe::test
