#pragma once

#include "runtime/images/image_edge.hpp"
#include "runtime/images/puller.hpp"
#include "runtime/system/task_thread.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace troupe::images {

/// The edge over a store: a thread per pull while it lasts, one for all else.
class image_service : public image_edge {
public:
  /// `options` is how to pull; whom to be and when to stop comes with each.
  image_service(std::shared_ptr<image_store> store, pull_options options,
                std::function<time_point()> clock);

  /// Cancels what is under way and waits for it.
  ~image_service() override;

  void list(done<std::vector<image_record>> tell) override;
  void status(std::string image,
              done<std::optional<image_record>> tell) override;
  uint64_t pull(std::string image, std::vector<credentials> as,
                done<image_record> tell) override;
  void cancel(uint64_t pull) override;
  void remove(std::string image, done<void> tell) override;
  void usage(done<store_usage> tell) override;
  void hold(std::string container, std::string image_id,
            done<image_content> tell) override;
  void release(std::string container, done<void> tell) override;
  void collect(std::set<std::string> in_use, garbage_policy policy,
               done<collected> tell) override;

private:
  struct running {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> cancelled;
    bool ended = false;
  };

  void post(std::function<void()> task);
  void join_ended();

  std::shared_ptr<image_store> store_;
  pull_options options_;
  std::function<time_point()> clock_;
  std::mutex mutex_;
  std::map<uint64_t, running> pulls_; ///< guarded by mutex_
  uint64_t last_ = 0;                 ///< guarded by mutex_
  task_thread worker_;
};

} // namespace troupe::images
