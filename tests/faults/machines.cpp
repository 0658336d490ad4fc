#include "machines.hpp"

#include <csignal>
#include <cstdlib>
#include <sched.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::test {

namespace {

std::string port_towards(size_t machine) {
  return "to-" + std::to_string(machine);
}

/// Starts a process that does nothing but keep a network namespace.
pid_t hold_network() {
  int ready[2];
  if (pipe(ready) != 0)
    throw std::runtime_error("no pipe");
  auto parent = getpid();
  auto pid = fork();
  if (pid < 0)
    throw std::runtime_error("no process");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (unshare(CLONE_NEWNET) != 0 || getppid() != parent
        || write(ready[1], "", 1) != 1)
      _exit(1);
    for (;;)
      pause();
  }
  close(ready[1]);
  char byte = 0;
  auto good = read(ready[0], &byte, 1) == 1;
  close(ready[0]);
  if (!good)
    throw std::runtime_error("no network namespace");
  return pid;
}

} // namespace

std::string machines::address(size_t machine) {
  return "10.77.0." + std::to_string(machine + 1);
}

machines::machines(size_t others) : holders_(others + 1) {
  if (unshare(CLONE_NEWNET) != 0)
    throw std::runtime_error("no network namespace of its own");
  holders_[here] = getpid();
  for (size_t i = here + 1; i < holders_.size(); ++i)
    holders_[i] = hold_network();
  for (size_t i = 0; i < holders_.size(); ++i) {
    auto lines = "link set lo up\naddress add " + address(i) + "/32 dev lo\n";
    for (size_t k = 0; k < i; ++k)
      lines += "link add " + port_towards(k) + " type veth peer name "
               + port_towards(i) + " netns " + std::to_string(holders_[k])
               + "\n";
    change(i, lines);
  }
  join_all();
}

machines::~machines() {
  for (size_t i = here + 1; i < holders_.size(); ++i) {
    kill(holders_[i], SIGKILL);
    waitpid(holders_[i], nullptr, 0);
  }
}

std::string machines::launcher(size_t machine) const {
  if (machine == here)
    return {};
  return "nsenter --net=/proc/" + std::to_string(holders_[machine])
         + "/ns/net ";
}

void machines::change(size_t machine, const std::string& lines) const {
  auto command = launcher(machine) + "ip -batch - <<'END'\n" + lines + "END\n";
  if (std::system(command.c_str()) != 0)
    throw std::runtime_error("failed: " + lines);
}

void machines::cut(size_t a, size_t b) {
  change(a, "link set " + port_towards(b) + " down\n");
}

void machines::silence(size_t from, size_t to) {
  change(from, "route replace blackhole " + address(to) + "/32\n");
}

namespace {

std::string way_from(size_t from, size_t to) {
  auto port = port_towards(to);
  return "link set " + port + " up\nroute replace " + machines::address(to)
         + "/32 dev " + port + " src " + machines::address(from) + "\n";
}

} // namespace

void machines::join(size_t a, size_t b) {
  change(a, way_from(a, b));
  change(b, way_from(b, a));
}

void machines::join_all() {
  for (size_t i = 0; i < holders_.size(); ++i) {
    std::string lines;
    for (size_t k = 0; k < holders_.size(); ++k)
      if (k != i)
        lines += way_from(i, k);
    change(i, lines);
  }
}

void machines::isolate(size_t machine) {
  for (size_t i = 0; i < holders_.size(); ++i)
    if (i != machine)
      cut(machine, i);
}

} // namespace troupe::test
