#include "joined_node.hpp"

#include "tests/support/machine_view.hpp"

#include <csignal>

namespace troupe::test {

namespace {

namespace fs = std::filesystem;

std::string command_of(three_servers& servers, const std::string& name,
                       const fs::path& data, const std::string& launcher) {
  auto& folder = servers.cluster().folder();
  return launcher
         + "env LD_PRELOAD=" TROUPE_BUILD_DIR
           "/tests/faulty-calls.so TROUPE_FAULTS="
         + (folder / "faults").string() + " "
         + servers.cluster().program("troupe") + " --data-dir " + data.string()
         + " node --name " + name + " --join " + servers.addresses()
         + " --token-file " + (folder / "token").string()
         + " --discovery-port 0";
}

} // namespace

joined_node::joined_node(three_servers& servers, std::string name,
                         const machines* apart, size_t machine)
    : name_(std::move(name)),
      data_(servers.cluster().folder() / "machines" / name_),
      machine_(machine),
      program_(command_of(servers, name_, data_,
                          apart == nullptr ? "" : apart->launcher(machine)),
               servers.cluster().folder() / (name_ + ".log")) {
  // nop
}

joined_node::~joined_node() {
  end();
  kill_pods();
}

void joined_node::kill() {
  wanted_ = false;
  if (program_.lives())
    program_.end_by(SIGKILL);
}

void joined_node::end() {
  wanted_ = false;
  if (program_.lives())
    program_.end_by(SIGTERM);
}

std::string joined_node::said() const {
  auto all = content_of(program_.log());
  return all.substr(std::min(mark_, all.size()));
}

void joined_node::start_missing() {
  if (wanted_ && !program_.lives())
    start();
}

void joined_node::start() {
  wanted_ = true;
  mark_ = content_of(program_.log()).size();
  program_.start();
}

bool joined_node::is_back() const {
  return said().find(" Ready at ") != std::string::npos;
}

void joined_node::kill_pods() {
  auto gone = [&] {
    auto left = shims(processes(), folder());
    for (auto& [uid, pid] : left)
      ::kill(pid, SIGKILL);
    return left.empty();
  };
  wait_until(gone);
}

void joined_node::blank() {
  kill();
  kill_pods();
  fs::remove_all(data_);
}

} // namespace troupe::test
