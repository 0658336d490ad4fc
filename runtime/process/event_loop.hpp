#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

namespace troupe::process {

/// One thread that waits for descriptors and deadlines. Nothing but `post` may
/// be called from elsewhere.
class event_loop {
public:
  using task = std::function<void()>;
  using handler = std::function<void(uint32_t events)>;
  using clock = std::chrono::steady_clock;

  /// Throws std::system_error when the kernel has no descriptors left.
  event_loop();

  /// Waits for the task that runs now; what is queued is dropped.
  ~event_loop();

  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;

  /// Runs the task on the loop's thread, in order.
  void post(task what);

  /// Calls the handler with epoll's events. The descriptor stays the caller's.
  void watch(int fd, uint32_t events, handler what);
  void change(int fd, uint32_t events);
  void forget(int fd);

  /// Runs the task once after that time; the number can cancel it.
  uint64_t after(std::chrono::milliseconds delay, task what);
  void cancel(uint64_t timer);

  /// Ends the loop; must be called before what its tasks use is gone.
  void stop();

private:
  struct timer {
    uint64_t id;
    task what;
  };

  void run();
  void run_posted();
  int run_timers();

  int epoll_ = -1;
  int wakeup_ = -1;
  std::mutex mutex_;
  std::vector<task> posted_;
  bool stopping_ = false;
  std::unordered_map<int, std::shared_ptr<handler>> handlers_;
  std::multimap<clock::time_point, timer> timers_;
  uint64_t last_timer_ = 0;
  std::thread thread_;
};

} // namespace troupe::process
