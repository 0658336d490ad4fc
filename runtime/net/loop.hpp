#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

namespace troupe::net {

/// One thread that waits for descriptors and timers. It sleeps while nothing
/// is due. Everything but `post` belongs to that thread: what runs there must
/// not block.
class loop {
public:
  using task = std::function<void()>;
  using ready = std::function<void(uint32_t events)>;
  using clock = std::chrono::steady_clock;

  /// Throws std::system_error when the machine has no descriptors left.
  loop();

  /// Ends the thread; tasks, watches and timers are dropped.
  ~loop();

  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  /// Runs `what` on the thread, in the order of the calls. Any thread may
  /// call it.
  void post(task what);

  /// Runs `what` on the thread and returns when it has run. For set-up and
  /// tear-down; not from the loop's own thread.
  void run(task what);

  /// Calls `on_ready` with epoll's events whenever one of `events` is true of
  /// `fd`, and for errors and hang-ups always. Returns 0 when the system
  /// refuses.
  uint64_t watch(int fd, uint32_t events, ready on_ready);

  /// Waits for other events from now on.
  void change(uint64_t id, uint32_t events);

  /// Waits for nothing until the next `change`, not even for a hang-up.
  void pause(uint64_t id);

  /// Ends a watch. To be called before its descriptor is closed.
  void forget(uint64_t id);

  /// Runs `what` once `delay` has passed. Returns a number for `cancel`.
  uint64_t after(clock::duration delay, task what);

  void cancel(uint64_t timer);

private:
  struct watched {
    int fd;
    uint32_t events;
    bool paused;
    ready on_ready;
  };

  void serve();
  void run_posted();
  void run_timers();
  int time_left() const;

  int epoll_ = -1;
  int wake_up_ = -1;
  std::atomic<bool> ended_{false};
  std::mutex mutex_; ///< guards posted_
  std::vector<task> posted_;
  uint64_t next_id_ = 1;
  std::unordered_map<uint64_t, std::shared_ptr<watched>> watches_;
  std::map<std::pair<clock::time_point, uint64_t>, task> timers_;
  std::unordered_map<uint64_t, clock::time_point> due_;
  std::thread thread_;
};

} // namespace troupe::net
