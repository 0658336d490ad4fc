#pragma once

#include "messages/errors.hpp"

#include <caf/actor_addr.hpp>
#include <caf/actor_cast.hpp>
#include <caf/behavior.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/system_messages.hpp>

#include <functional>
#include <memory>
#include <unordered_map>

namespace troupe {

/// The requests of one actor that wait for their answer. Each ends: by its
/// answer, or with ServiceUnavailable when whoever was asked goes down. No
/// timers, so that a request costs nothing but its entry here.
///
/// Lives in the actor's state. The actor passes every `down_msg` to `on_down`.
class calls {
public:
  using on_error = std::function<void(const caf::error&)>;

  explicit calls(caf::scheduled_actor* self) : self_(self) {
    // nop
  }

  calls() = default;

  /// Sends `xs` to `to`; calls `ok` with the answer's elements or `failed`
  /// with an error, once, in the actor. `Out` are the answer's types.
  template <class... Out, class Handle, class Ok, class... Ts>
  void ask(const Handle& to, Ok ok, on_error failed, Ts&&... xs) {
    auto id = ++last_;
    auto target = caf::actor_cast<caf::strong_actor_ptr>(to);
    if (!target) {
      failed(make_error(ec::service_unavailable, "nobody to ask"));
      return;
    }
    begin(id, target, failed);
    auto mid = self_->new_request_id(caf::message_priority::normal);
    target->enqueue(caf::make_mailbox_element(self_->ctrl(), mid, {},
                                              std::forward<Ts>(xs)...),
                    self_->context());
    // `this` lives in the actor's state, and so as long as its handlers.
    self_->add_multiplexed_response_handler(
        mid.response_id(),
        caf::behavior{[this, id, ok = std::move(ok)](Out&... out) mutable {
                        if (end(id))
                          ok(out...);
                      },
                      [this, id, failed](caf::error& err) {
                        if (end(id))
                          failed(err);
                      }});
  }

  /// Fails what waits for the actor that went down. Returns whether anything
  /// did, or ever was asked of it.
  bool on_down(const caf::down_msg& down);

private:
  struct flight {
    caf::actor_addr target;
    on_error failed;
  };

  void begin(uint64_t id, const caf::strong_actor_ptr& target, on_error failed);
  bool end(uint64_t id);

  caf::scheduled_actor* self_ = nullptr;
  uint64_t last_ = 0;
  std::unordered_map<uint64_t, flight> flights_;
  std::unordered_map<caf::actor_addr, size_t> targets_; ///< monitored
};

} // namespace troupe
