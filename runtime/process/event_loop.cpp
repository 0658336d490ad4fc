#include "runtime/process/event_loop.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace troupe::process {

event_loop::event_loop() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  wakeup_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (epoll_ < 0 || wakeup_ < 0)
    throw std::system_error(errno, std::generic_category(), "event loop");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wakeup_;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, wakeup_, &event);
  // Signals are for the thread that asked for them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

event_loop::~event_loop() {
  stop();
  close(epoll_);
  close(wakeup_);
}

void event_loop::stop() {
  if (!thread_.joinable())
    return;
  {
    std::lock_guard guard{mutex_};
    stopping_ = true;
  }
  eventfd_write(wakeup_, 1);
  thread_.join();
}

void event_loop::post(task what) {
  {
    std::lock_guard guard{mutex_};
    posted_.push_back(std::move(what));
  }
  eventfd_write(wakeup_, 1);
}

void event_loop::watch(int fd, uint32_t events, handler what) {
  handlers_[fd] = std::make_shared<handler>(std::move(what));
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

void event_loop::change(int fd, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
}

void event_loop::forget(int fd) {
  if (handlers_.erase(fd) > 0)
    epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}

uint64_t event_loop::after(std::chrono::milliseconds delay, task what) {
  auto id = ++last_timer_;
  timers_.emplace(clock::now() + delay, timer{id, std::move(what)});
  return id;
}

void event_loop::cancel(uint64_t id) {
  auto at = std::find_if(timers_.begin(), timers_.end(),
                         [id](auto& entry) { return entry.second.id == id; });
  if (at != timers_.end())
    timers_.erase(at);
}

void event_loop::run_posted() {
  std::vector<task> tasks;
  {
    std::lock_guard guard{mutex_};
    tasks.swap(posted_);
  }
  for (auto& what : tasks)
    what();
}

/// Runs what is due; returns the wait until the next in milliseconds, -1 for
/// none.
int event_loop::run_timers() {
  while (!timers_.empty()) {
    auto left = timers_.begin()->first - clock::now();
    if (left > clock::duration::zero())
      return static_cast<int>(
          std::chrono::ceil<std::chrono::milliseconds>(left).count());
    auto what = std::move(timers_.begin()->second.what);
    timers_.erase(timers_.begin());
    what();
  }
  return -1;
}

void event_loop::run() {
  for (;;) {
    auto wait = run_timers();
    epoll_event events[64];
    auto count = epoll_wait(epoll_, events, 64, wait);
    for (int i = 0; i < count; ++i) {
      auto fd = events[i].data.fd;
      if (fd == wakeup_) {
        eventfd_t value = 0;
        eventfd_read(wakeup_, &value);
        continue;
      }
      auto at = handlers_.find(fd);
      if (at == handlers_.end())
        continue;
      auto keep = at->second;
      (*keep)(events[i].events);
    }
    {
      std::lock_guard guard{mutex_};
      if (stopping_)
        return;
    }
    run_posted();
  }
}

} // namespace troupe::process
