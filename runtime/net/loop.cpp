#include "runtime/net/loop.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace troupe::net {

namespace {

constexpr int batch_size = 128;

// The loop's own descriptor among the watches.
constexpr uint64_t wake_up_id = 0;

int checked(int fd, const char* what) {
  if (fd < 0)
    throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

bool control(int epoll, int how, int fd, uint64_t id, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  return ::epoll_ctl(epoll, how, fd, &event) == 0;
}

} // namespace

loop::loop() {
  epoll_ = checked(::epoll_create1(EPOLL_CLOEXEC), "epoll");
  wake_up_ = checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
  control(epoll_, EPOLL_CTL_ADD, wake_up_, wake_up_id, EPOLLIN);
  // Signals are for the threads that wait for them.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread{[this] { serve(); }};
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

loop::~loop() {
  ended_ = true;
  post([] {});
  thread_.join();
  ::close(wake_up_);
  ::close(epoll_);
}

void loop::post(task what) {
  bool first = false;
  {
    std::lock_guard guard{mutex_};
    first = posted_.empty();
    posted_.push_back(std::move(what));
  }
  if (first) {
    uint64_t one = 1;
    [[maybe_unused]] auto written = ::write(wake_up_, &one, sizeof(one));
  }
}

void loop::run(task what) {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  post([&] {
    what();
    std::lock_guard guard{mutex};
    done = true;
    changed.notify_one();
  });
  std::unique_lock guard{mutex};
  changed.wait(guard, [&] { return done; });
}

uint64_t loop::watch(int fd, uint32_t events, ready on_ready) {
  auto id = next_id_++;
  if (!control(epoll_, EPOLL_CTL_ADD, fd, id, events))
    return 0;
  watches_.emplace(id, std::make_shared<watched>(
                           watched{fd, events, false, std::move(on_ready)}));
  return id;
}

void loop::change(uint64_t id, uint32_t events) {
  auto i = watches_.find(id);
  if (i == watches_.end())
    return;
  auto& x = *i->second;
  if (x.events == events && !x.paused)
    return;
  control(epoll_, x.paused ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, x.fd, id, events);
  x.events = events;
  x.paused = false;
}

void loop::pause(uint64_t id) {
  auto i = watches_.find(id);
  if (i == watches_.end() || i->second->paused)
    return;
  control(epoll_, EPOLL_CTL_DEL, i->second->fd, id, 0);
  i->second->paused = true;
}

void loop::forget(uint64_t id) {
  pause(id);
  watches_.erase(id);
}

uint64_t loop::after(clock::duration delay, task what) {
  auto id = next_id_++;
  auto when = clock::now() + delay;
  timers_.emplace(std::pair{when, id}, std::move(what));
  due_.emplace(id, when);
  return id;
}

void loop::cancel(uint64_t timer) {
  auto i = due_.find(timer);
  if (i == due_.end())
    return;
  timers_.erase({i->second, timer});
  due_.erase(i);
}

void loop::serve() {
  pthread_setname_np(pthread_self(), "troupe-net");
  epoll_event events[batch_size];
  while (!ended_) {
    auto count = ::epoll_wait(epoll_, events, batch_size, time_left());
    for (int i = 0; i < count; ++i) {
      if (events[i].data.u64 == wake_up_id) {
        run_posted();
        continue;
      }
      // An earlier handler of this batch may have ended this watch, and a
      // handler may end its own.
      auto found = watches_.find(events[i].data.u64);
      if (found == watches_.end() || found->second->paused)
        continue;
      auto kept = found->second;
      kept->on_ready(events[i].events);
    }
    run_timers();
  }
  watches_.clear();
  timers_.clear();
}

void loop::run_posted() {
  uint64_t ignored = 0;
  [[maybe_unused]] auto got = ::read(wake_up_, &ignored, sizeof(ignored));
  std::vector<task> batch;
  {
    std::lock_guard guard{mutex_};
    batch.swap(posted_);
  }
  for (auto& what : batch)
    what();
}

void loop::run_timers() {
  if (timers_.empty())
    return;
  auto now = clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    auto node = timers_.extract(timers_.begin());
    due_.erase(node.key().second);
    node.mapped()();
  }
}

int loop::time_left() const {
  using std::chrono::milliseconds;
  if (timers_.empty())
    return -1;
  auto left = timers_.begin()->first.first - clock::now();
  // Rounded up: waking too early would be a turn for nothing.
  auto rounded = std::chrono::ceil<milliseconds>(left).count();
  return static_cast<int>(std::clamp<int64_t>(rounded, 0, 3'600'000));
}

} // namespace troupe::net
