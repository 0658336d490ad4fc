#pragma once

#include <caf/io/network/default_multiplexer.hpp>

#include <mutex>
#include <shared_mutex>
#include <utility>

namespace troupe {

/// The way into the thread of CAF's loop, from any thread, for as long as
/// there is one.
class loop_door {
public:
  using loop = caf::io::network::default_multiplexer;

  explicit loop_door(loop& where) : loop_(&where) {}

  /// Runs `what` in the loop, later; not at all once the door is closed.
  template <class F>
  void post(F what) {
    // Shared: who waits for the loop to take something keeps nobody out.
    std::shared_lock guard{mutex_};
    if (loop_ != nullptr)
      loop_->post(std::move(what));
  }

  /// The last thing that comes through is `what`.
  template <class F>
  void close(F what) {
    std::unique_lock guard{mutex_};
    if (loop_ != nullptr)
      loop_->post(std::move(what));
    loop_ = nullptr;
  }

private:
  std::shared_mutex mutex_;
  loop* loop_;
};

} // namespace troupe
