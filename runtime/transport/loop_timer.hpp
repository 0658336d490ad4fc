#pragma once

#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/event_handler.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace troupe {

/// An alarm in the thread of CAF's loop, which has none. Sleeps unless set.
class loop_timer : public caf::io::network::event_handler,
                   public std::enable_shared_from_this<loop_timer> {
public:
  using loop = caf::io::network::default_multiplexer;

  /// Throws when there is no descriptor left.
  explicit loop_timer(loop& where);

  /// In the loop, as all that follows. Calls `due` at each alarm until
  /// `close`.
  void open(std::function<void()> due);
  void close();

  /// One alarm, that much later; an earlier one that is set stays.
  void set(std::chrono::milliseconds later);

  void handle_event(caf::io::network::operation op) override;
  void removed_from_loop(caf::io::network::operation op) override;
  void graceful_shutdown() override { close(); }

private:
  std::function<void()> due_;
  bool set_ = false;
  std::shared_ptr<loop_timer> self_; ///< while it is in the loop
};

} // namespace troupe
