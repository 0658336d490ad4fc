#pragma once

#include <caf/policy/unprofiled.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

namespace troupe {

/// A policy of CAF's scheduler: workers share one queue and sleep while it is
/// empty, as with CAF's own `work_sharing`.
///
/// To wake a worker costs more than most messages take to handle. So the first
/// actor that one at work makes ready wakes nobody: it is for the same worker,
/// which looks at the queue next. All others it makes ready do. Nothing is
/// lost: for everything in the queue somebody is on the way to look there. But
/// whoever waits in a handler for another actor may wait for ever.
class calm_sharing : public caf::policy::unprofiled {
public:
  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {
      // nop
    }

    std::deque<caf::resumable*> queue;
    size_t asleep = 0; ///< workers, less those that are being woken
    std::mutex lock;
    std::condition_variable news;
  };

  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {
      // nop
    }

    bool keeps_one = false; ///< has put something there for itself
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    add(d(self), job, true);
  }

  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    add(d(self->parent()), job, true);
  }

  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    auto wakes = std::exchange(d(self).keeps_one, true);
    add(d(self->parent()), job, wakes);
  }

  /// Others have their turn before it.
  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    internal_enqueue(self, job);
  }

  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    d(self).keeps_one = false;
    auto& all = d(self->parent());
    std::unique_lock guard{all.lock};
    while (all.queue.empty()) {
      ++all.asleep;
      all.news.wait(guard);
    }
    auto* job = all.queue.front();
    all.queue.pop_front();
    return job;
  }

  template <class Worker, class F>
  void foreach_resumable(Worker*, F) {
    // nop
  }

  template <class Coordinator, class F>
  void foreach_central_resumable(Coordinator* self, F visit) {
    std::unique_lock guard{d(self).lock};
    for (auto* job : std::exchange(d(self).queue, {}))
      visit(job);
  }

private:
  static void add(coordinator_data& all, caf::resumable* job, bool wakes) {
    {
      std::unique_lock guard{all.lock};
      all.queue.push_back(job);
      wakes = wakes && all.asleep > 0;
      if (wakes)
        --all.asleep;
    }
    // Whoever is woken is to find the lock open.
    if (wakes)
      all.news.notify_one();
  }
};

} // namespace troupe
