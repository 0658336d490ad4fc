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

machines::machines() {
  if (unshare(CLONE_NEWNET) != 0)
    throw std::runtime_error("no network namespace of its own");
  holders_[here] = getpid();
  for (size_t i = here + 1; i < count; ++i)
    holders_[i] = hold_network();
  for (size_t i = 0; i < count; ++i) {
    run(i, "ip link set lo up");
    run(i, "ip address add " + address(i) + "/32 dev lo");
    for (size_t k = 0; k < i; ++k) {
      run(i, "ip link add " + port_towards(k) + " type veth peer name "
                 + port_towards(i) + " netns " + std::to_string(holders_[k]));
      join(i, k);
    }
  }
}

machines::~machines() {
  for (size_t i = here + 1; i < count; ++i) {
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

void machines::run(size_t machine, const std::string& words) const {
  if (std::system((launcher(machine) + words).c_str()) != 0)
    throw std::runtime_error("failed: " + words);
}

void machines::cut(size_t a, size_t b) {
  run(a, "ip link set " + port_towards(b) + " down");
}

void machines::silence(size_t from, size_t to) {
  run(from, "ip route replace blackhole " + address(to) + "/32");
}

void machines::join(size_t a, size_t b) {
  for (auto [from, to] : {std::pair{a, b}, std::pair{b, a}}) {
    run(from, "ip link set " + port_towards(to) + " up");
    run(from, "ip route replace " + address(to) + "/32 dev " + port_towards(to)
                  + " src " + address(from));
  }
}

void machines::join_all() {
  for (size_t i = 0; i < count; ++i)
    for (size_t k = 0; k < i; ++k)
      join(i, k);
}

} // namespace troupe::test
