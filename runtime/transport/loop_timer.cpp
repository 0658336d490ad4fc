#include "runtime/transport/loop_timer.hpp"

#include <stdexcept>
#include <sys/timerfd.h>
#include <unistd.h>

namespace troupe {

namespace {

int open_timer() {
  auto fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd < 0)
    throw std::runtime_error("no timer for the network");
  return fd;
}

} // namespace

loop_timer::loop_timer(loop& where) : event_handler(where, open_timer()) {
  // nop
}

void loop_timer::open(std::function<void()> due) {
  due_ = std::move(due);
  self_ = shared_from_this();
  activate();
}

void loop_timer::close() {
  due_ = nullptr;
  if (self_)
    passivate();
}

void loop_timer::set(std::chrono::milliseconds later) {
  if (set_)
    return;
  set_ = true;
  itimerspec when{};
  when.it_value.tv_sec = later.count() / 1000;
  when.it_value.tv_nsec = later.count() % 1000 * 1'000'000 + 1;
  timerfd_settime(fd(), 0, &when, nullptr);
}

void loop_timer::handle_event(caf::io::network::operation) {
  uint64_t times = 0;
  if (::read(fd(), &times, sizeof(times)) != sizeof(times) || !due_)
    return;
  set_ = false;
  due_();
}

void loop_timer::removed_from_loop(caf::io::network::operation) {
  auto last = std::move(self_);
}

} // namespace troupe
