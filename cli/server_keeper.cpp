#include "cli/server_keeper.hpp"

#include "cli/directory_lock.hpp"
#include "cli/process_end.hpp"
#include "cli/server_settings.hpp"

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds first_pause{10};
constexpr milliseconds longest_pause{10'000};
/// One that ran for so long did not end because of how it began.
constexpr auto calm = std::chrono::seconds(2);

/// Starts `troupe server` in a session of its own, its words in its log.
/// Returns its process, 0 if there is none.
pid_t start_server(const fs::path& data_dir, const std::string& name) {
  auto folder = server_folder(data_dir, name);
  std::error_code ignored;
  fs::create_directories(folder, ignored);
  auto log = (folder / "troupe.log").string();
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
  std::vector<std::string> words{"troupe", "--data-dir", data_dir.string(),
                                 "server", "--name",     name};
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

server_keeper::server_keeper(fs::path data_dir, report tell)
    : data_dir_(std::move(data_dir)),
      tell_(std::move(tell)),
      wake_(eventfd(0, EFD_CLOEXEC)) {
  // nop
}

server_keeper::~server_keeper() {
  stop();
  close(wake_);
}

void server_keeper::end() {
  with_them_ = true;
  stop();
}

void server_keeper::stop() {
  ending_ = true;
  eventfd_write(wake_, 1);
  if (follower_.joinable())
    follower_.join();
  for (auto& [name, thread] : threads_)
    thread.join();
  threads_.clear();
}

void server_keeper::follow() {
  // Before they are read, so that no change is missed.
  auto changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  auto folder = server_settings_file(data_dir_).parent_path();
  inotify_add_watch(changes, folder.c_str(), IN_MOVED_TO | IN_CLOSE_WRITE);
  keep_named();
  follower_ = std::thread{[this, changes] { follow_settings(changes); }};
}

void server_keeper::follow_settings(int changes) {
  while (!ending_) {
    pollfd both[] = {{changes, POLLIN, 0}, {wake_, POLLIN, 0}};
    poll(both, 2, -1);
    alignas(inotify_event) char events[4096];
    while (read(changes, events, sizeof(events)) > 0)
      continue;
    if (!ending_)
      keep_named();
  }
  close(changes);
}

void server_keeper::keep_named() {
  auto settings = read_server_settings(data_dir_);
  if (!settings)
    return;
  std::lock_guard guard{mutex_};
  for (size_t i = 1; i < settings->places.size(); ++i)
    if (auto& name = settings->places[i].name;
        !settings->places[i].elsewhere && kept_.insert(name).second) {
      auto& thread = threads_[name];
      // One that watched it before has come to its end.
      if (thread.joinable())
        thread.join();
      thread = std::thread{[this, name] { watch_while_named(name); }};
    }
}

/// Settings that cannot be read name everybody.
bool server_keeper::is_named(const std::string& name) const {
  auto settings = read_server_settings(data_dir_);
  return !settings || settings->find(name) != nullptr;
}

void server_keeper::watch_while_named(const std::string& name) {
  for (;;) {
    watch(name);
    std::lock_guard guard{mutex_};
    // Named again behind the watcher's back, it stays kept.
    if (ending_ || !is_named(name)) {
      kept_.erase(name);
      return;
    }
  }
}

/// Returns whether it has ended, rather than the watching.
bool server_keeper::wait_for_end(int process) const {
  pollfd both[] = {{process, POLLIN, 0}, {wake_, POLLIN, 0}};
  poll(both, process < 0 ? 1 : 2, process < 0 ? 0 : -1);
  return process < 0 || (both[0].revents & POLLIN) != 0;
}

void server_keeper::watch(const std::string& name) {
  auto pause = first_pause;
  while (!ending_ && is_named(name)) {
    auto began = steady_clock::now();
    // One that another process started runs on.
    auto pid = holder_of(server_folder(data_dir_, name)).pid;
    auto own = pid == 0;
    if (own)
      pid = start_server(data_dir_, name);
    if (pid == 0)
      tell_(name + " cannot be started");
    // A handle of the process itself, so that no other can be meant.
    auto process =
        pid == 0 ? -1 : static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    auto ended = wait_for_end(process);
    if (ending_ && with_them_ && !ended)
      ended = end_process(process);
    if (process >= 0)
      close(process);
    if (own && ended && pid > 0)
      waitpid(pid, nullptr, 0);
    if (ending_ || !is_named(name))
      return;
    if (pid > 0)
      tell_(name + " ended: starting it again");
    pause = steady_clock::now() - began > calm
                ? first_pause
                : std::min(2 * pause, longest_pause);
    pollfd wake{wake_, POLLIN, 0};
    poll(&wake, 1, static_cast<int>(pause.count()));
  }
}

bool end_servers(const fs::path& data_dir) {
  bool all = true;
  std::error_code none;
  for (auto& folder : fs::directory_iterator(data_dir / "servers", none))
    if (auto pid = holder_of(folder.path()).pid; pid > 0)
      all = end_process_of(pid) && all;
  return all;
}

} // namespace troupe::cli
