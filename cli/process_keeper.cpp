#include "cli/process_keeper.hpp"

#include "cli/directory_lock.hpp"
#include "cli/process_end.hpp"

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace troupe::cli {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds first_pause{10};
constexpr milliseconds longest_pause{10'000};
/// One that ran for so long did not end because of how it began.
constexpr auto calm = std::chrono::seconds(2);

/// Starts it in a session of its own, its words in its log. Returns its
/// process, 0 if there is none.
pid_t start(const kept_process& what) {
  std::error_code ignored;
  std::filesystem::create_directories(what.folder, ignored);
  auto log = (what.folder / "troupe.log").string();
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, log.c_str(),
                                   O_CREAT | O_WRONLY | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  posix_spawnattr_t how;
  posix_spawnattr_init(&how);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&how, &none);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  std::vector<std::string> words{"troupe"};
  words.insert(words.end(), what.words.begin(), what.words.end());
  std::vector<char*> args;
  for (auto& word : words)
    args.push_back(word.data());
  args.push_back(nullptr);
  pid_t pid = 0;
  if (posix_spawn(&pid, "/proc/self/exe", &files, &how, args.data(), environ)
      != 0)
    pid = 0;
  posix_spawnattr_destroy(&how);
  posix_spawn_file_actions_destroy(&files);
  return pid;
}

} // namespace

process_keeper::process_keeper(
    report tell, std::function<bool(const std::string&)> is_wanted)
    : tell_(std::move(tell)),
      is_wanted_(std::move(is_wanted)),
      wake_(eventfd(0, EFD_CLOEXEC)) {
  // nop
}

process_keeper::~process_keeper() {
  stop();
  close(wake_);
}

void process_keeper::end() {
  with_them_ = true;
  stop();
}

void process_keeper::stop() {
  ending_ = true;
  eventfd_write(wake_, 1);
  for (auto& [name, thread] : threads_)
    thread.join();
  threads_.clear();
}

void process_keeper::keep(const kept_process& what) {
  std::lock_guard guard{mutex_};
  if (ending_ || !kept_.insert(what.name).second)
    return;
  auto& thread = threads_[what.name];
  // One that watched it before has come to its end.
  if (thread.joinable())
    thread.join();
  thread = std::thread{[this, what] { watch_while_wanted(what); }};
}

bool process_keeper::is_wanted(const std::string& name) const {
  return !is_wanted_ || is_wanted_(name);
}

void process_keeper::watch_while_wanted(const kept_process& what) {
  for (;;) {
    watch(what);
    std::lock_guard guard{mutex_};
    // Wanted again behind the watcher's back, it stays kept.
    if (ending_ || !is_wanted(what.name)) {
      kept_.erase(what.name);
      return;
    }
  }
}

/// Returns whether it has ended, rather than the watching.
bool process_keeper::wait_for_end(int process) const {
  pollfd both[] = {{process, POLLIN, 0}, {wake_, POLLIN, 0}};
  poll(both, process < 0 ? 1 : 2, process < 0 ? 0 : -1);
  return process < 0 || (both[0].revents & POLLIN) != 0;
}

/// The same without a handle, for want of descriptors perhaps.
bool process_keeper::wait_for_end_of(pid_t pid) const {
  constexpr int look_every_ms = 500;
  pollfd wake{wake_, POLLIN, 0};
  while (kill(pid, 0) == 0)
    if (waitpid(pid, nullptr, WNOHANG) == pid
        || poll(&wake, 1, look_every_ms) > 0)
      break;
  return kill(pid, 0) != 0;
}

void process_keeper::watch(const kept_process& what) {
  auto pause = first_pause;
  while (!ending_ && is_wanted(what.name)) {
    auto began = steady_clock::now();
    // One that another process started runs on.
    auto pid = holder_of(what.folder).pid;
    auto own = pid == 0;
    if (own)
      pid = start(what);
    if (pid == 0)
      tell_(what.name + " cannot be started");
    // A handle of the process itself, so that no other can be meant.
    auto process =
        pid == 0 ? -1 : static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    auto ended =
        process < 0 && pid > 0 ? wait_for_end_of(pid) : wait_for_end(process);
    if (ending_ && with_them_ && !ended)
      ended = process < 0 ? end_process_of(pid) : end_process(process);
    if (process >= 0)
      close(process);
    if (own && ended && pid > 0)
      waitpid(pid, nullptr, 0);
    if (ending_ || !is_wanted(what.name))
      return;
    if (pid > 0)
      tell_(what.name + " ended: starting it again");
    pause = steady_clock::now() - began > calm
                ? first_pause
                : std::min(2 * pause, longest_pause);
    pollfd wake{wake_, POLLIN, 0};
    poll(&wake, 1, static_cast<int>(pause.count()));
  }
}

} // namespace troupe::cli
