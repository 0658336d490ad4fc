#include "tests/chaos/time_limit.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <unistd.h>

namespace troupe::test {

namespace {

constexpr std::chrono::seconds farewell{15};

std::string tail_of(const std::filesystem::path& file, size_t size) {
  auto text = content_of(file);
  return text.size() < size ? text : text.substr(text.size() - size);
}

/// What each thread of a process waits in: "caf.worker S futex_wait_queue".
std::string threads_of(pid_t pid) {
  std::string result;
  std::error_code code;
  auto folder = "/proc/" + std::to_string(pid) + "/task";
  for (auto& task : std::filesystem::directory_iterator(folder, code)) {
    auto stat = content_of(task.path() / "stat");
    auto name = stat.find('(');
    auto state = stat.rfind(')');
    if (name == std::string::npos || state == std::string::npos)
      continue;
    result += "  " + stat.substr(name, state + 3 - name) + " "
              + content_of(task.path() / "wchan") + "\n";
  }
  return result;
}

long seconds_of(std::chrono::steady_clock::duration d) {
  return std::chrono::duration_cast<std::chrono::seconds>(d).count();
}

} // namespace

time_limit::time_limit(real_cluster& cluster, std::chrono::seconds most)
    : cluster_(cluster), end_(begin_ + most), thread_([this] { watch(); }) {
  // nop
}

time_limit::~time_limit() {
  {
    std::lock_guard guard{mutex_};
    over_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void time_limit::doing(std::string what) {
  std::lock_guard guard{mutex_};
  what_ = std::move(what);
  since_ = clock::now();
}

std::chrono::seconds time_limit::left() const {
  auto rest = end_ - farewell - clock::now();
  return std::max(std::chrono::seconds{0},
                  std::chrono::floor<std::chrono::seconds>(rest));
}

void time_limit::watch() {
  std::unique_lock guard{mutex_};
  if (!changed_.wait_until(guard, end_, [this] { return over_; }))
    give_up();
}

void time_limit::give_up() {
  auto now = clock::now();
  std::cout << "\ntime is up after " << seconds_of(now - begin_) << " s; for "
            << seconds_of(now - since_) << " s: " << what_ << "\n";
  auto server = cluster_.server();
  std::cout << "threads of the server " << server << ":\n"
            << threads_of(server) << "of the test:\n"
            << threads_of(getpid()) << "last words of the server:\n"
            << tail_of(cluster_.data() / "troupe.log", 8000) << std::endl;
  if (server > 0)
    kill(server, SIGKILL);
  auto all = processes();
  for (auto& [uid, shim] : shims(all, cluster_.data()))
    kill(shim, SIGKILL);
  // Nobody is waited for: whatever does not end is what is wrong.
  std::_Exit(1);
}

} // namespace troupe::test
