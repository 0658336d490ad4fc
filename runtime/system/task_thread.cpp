#include "runtime/system/task_thread.hpp"

#include <utility>

namespace troupe {

void task_thread::post(std::function<void()> task) {
  std::lock_guard guard{mutex_};
  if (ending_)
    return;
  tasks_.push_back(std::move(task));
  if (!thread_.joinable())
    thread_ = std::thread{[this] { serve(); }};
  news_.notify_one();
}

void task_thread::end() {
  std::thread last;
  {
    std::lock_guard guard{mutex_};
    ending_ = true;
    last.swap(thread_);
  }
  news_.notify_all();
  if (last.joinable())
    last.join();
}

void task_thread::serve() {
  std::unique_lock lock{mutex_};
  for (;;) {
    news_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
    if (tasks_.empty())
      return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

} // namespace troupe
