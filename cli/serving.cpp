#include "cli/serving.hpp"

#include "messages/errors.hpp"
#include "messages/interfaces.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <signal.h>
#include <sys/resource.h>
#include <thread>

namespace troupe::cli {

namespace {

/// Between the end of a root and the next one; doubles while they end soon.
constexpr auto first_pause = std::chrono::milliseconds(1);
constexpr auto second_pause = std::chrono::milliseconds(1'000);
constexpr auto longest_pause = std::chrono::milliseconds(30'000);
constexpr auto calm = std::chrono::minutes(1);
/// How long an end in order may take.
constexpr auto stop_patience = std::chrono::seconds(20);

sigset_t end_signals() {
  sigset_t result;
  sigemptyset(&result);
  sigaddset(&result, SIGINT);
  sigaddset(&result, SIGTERM);
  return result;
}

/// Tells `whom` of the first signal that asks for the end.
std::thread wait_for_signal(const caf::actor& whom) {
  return std::thread{[whom] {
    auto signals = end_signals();
    int which = 0;
    sigwait(&signals, &which);
    caf::anon_send(whom, which);
  }};
}

} // namespace

void prepare_to_serve() {
  auto signals = end_signals();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  // Every connection takes one, and every pod a few.
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

std::string own_folder() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored)
      .parent_path()
      .string();
}

void serve_tree(caf::scoped_actor& self, planted_tree& tree,
                const std::function<void(const std::string&)>& tell) {
  auto waiter = wait_for_signal(caf::actor_cast<caf::actor>(self));
  // A root that was killed is there again at once; one that gives up again and
  // again, for want of a disk perhaps, is not helped by haste.
  auto pause = first_pause;
  auto planted = std::chrono::steady_clock::now();
  bool ending = false;
  bool down = false;
  while (!ending) {
    auto wait = down ? caf::duration{pause} : caf::duration{caf::infinite};
    self->receive(
        [&](int) { ending = true; }, [](const directory_actor&) {},
        [&](const caf::down_msg& msg) {
          if (tree.root.address() != msg.source)
            return;
          tell("Root went down (" + message_of(msg.reason)
               + "): building the tree anew");
          auto now = std::chrono::steady_clock::now();
          if (msg.reason == caf::exit_reason::kill || now - planted > calm)
            pause = first_pause;
          else
            pause = std::clamp(2 * pause, second_pause, longest_pause);
          down = true;
        },
        caf::after(wait) >>
            [&] {
              down = false;
              planted = std::chrono::steady_clock::now();
              tree.root = tree.plant();
              self->monitor(tree.root);
            });
  }
  waiter.join();
  if (down)
    tree.root = nullptr;
}

bool end_tree(caf::scoped_actor& self, planted_tree& tree) {
  auto gone = !tree.root;
  if (tree.root)
    self->send_exit(tree.root, caf::exit_reason::user_shutdown);
  auto deadline = std::chrono::steady_clock::now() + stop_patience;
  while (!gone && std::chrono::steady_clock::now() < deadline)
    self->receive(
        [&](const caf::down_msg& msg) {
          gone = tree.root.address() == msg.source;
        },
        [](const directory_actor&) {}, [](int) {},
        caf::after(std::chrono::seconds(1)) >> [] {});
  tree.root = nullptr;
  return gone;
}

void end_served(std::ostream& out) {
  out.flush();
  std::_Exit(0);
}

} // namespace troupe::cli
