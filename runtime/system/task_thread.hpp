#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace troupe {

/// Does what it is given on a thread of its own, one after the other, in order;
/// for what may block. The thread begins with the first task.
class task_thread {
public:
  task_thread() = default;
  task_thread(const task_thread&) = delete;
  task_thread& operator=(const task_thread&) = delete;
  ~task_thread() { end(); }

  /// From any thread; after `end` nothing is done.
  void post(std::function<void()> task);

  /// Returns once all has been done that was given. Twice is once.
  void end();

private:
  void serve();

  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<std::function<void()>> tasks_; ///< guarded by mutex_
  bool ending_ = false;                     ///< guarded by mutex_
  std::thread thread_;                      ///< guarded by mutex_
};

} // namespace troupe
