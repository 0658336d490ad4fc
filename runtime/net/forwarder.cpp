#include "runtime/net/forwarder.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace troupe::net {

namespace {

constexpr int accepts_per_turn = 64;
constexpr auto descriptor_pause = std::chrono::milliseconds{100};

} // namespace

forwarder::forwarder(loop& on, far_ways* ways,
                     std::chrono::milliseconds udp_idle)
    : loop_(on), ways_(ways), udp_idle_(udp_idle) {
  // nop
}

forwarder::~forwarder() {
  loop_.run([this] {
    for (auto& [key, x] : places_)
      close(x);
    places_.clear();
    for (auto& x : std::exchange(relays_, {}))
      x->abandon();
  });
}

void forwarder::replace(std::vector<listener> all, report tell) {
  loop_.post([this, all = std::move(all), tell = std::move(tell)]() mutable {
    report_ = std::move(tell);
    std::set<listener_key> wanted;
    for (auto& x : all)
      wanted.insert(x.key);
    std::vector<listener_key> surplus;
    for (auto& [key, x] : places_) {
      x.problem.clear(); // whoever listens now has not heard of it
      if (wanted.count(key) == 0)
        surplus.push_back(key);
    }
    for (auto& key : surplus)
      remove(key);
    for (auto& x : all)
      set(std::move(x));
  });
}

void forwarder::update(std::vector<listener> changed,
                       std::vector<listener_key> removed) {
  loop_.post([this, changed = std::move(changed),
              removed = std::move(removed)]() mutable {
    for (auto& key : removed)
      remove(key);
    for (auto& x : changed)
      set(std::move(x));
    retry_failed();
  });
}

service_stats forwarder::stats() const {
  return {listening_, connections_, accepted_, failed_};
}

void forwarder::set(listener wish) {
  auto& x = places_[wish.key];
  x.chooser.set(wish.targets, wish.affinity);
  x.wish = std::move(wish);
  if (x.wish.targets.empty())
    close(x);
  else if (x.udp)
    x.udp->targets_changed();
  else if (!x.fd)
    open(x);
}

void forwarder::remove(const listener_key& key) {
  auto i = places_.find(key);
  if (i == places_.end())
    return;
  close(i->second);
  places_.erase(i);
}

void forwarder::open(place& x) {
  auto& key = x.wish.key;
  auto fd = open_listener(key.kind, key.at);
  if (!fd)
    return tell(x, message_of(fd.error()));
  if (key.kind == protocol::udp) {
    x.udp = std::make_unique<udp_relay>(
        loop_, std::move(*fd), x.chooser, [this](int n) { count(n); },
        udp_idle_, ways_);
    if (!x.udp->start())
      x.udp.reset();
    return opened(x, x.udp != nullptr);
  }
  x.fd = std::move(*fd);
  x.watch = loop_.watch(x.fd.get(), EPOLLIN,
                        [this, key](uint32_t) { on_accept(key); });
  if (x.watch == 0)
    x.fd.reset();
  opened(x, x.watch != 0);
}

void forwarder::opened(place& x, bool served) {
  listening_ += served ? 1 : 0;
  tell(x, served ? "" : "no descriptor left to wait with");
}

void forwarder::close(place& x) {
  listening_ -= x.fd || x.udp ? 1 : 0;
  loop_.cancel(x.pause_timer);
  loop_.forget(x.watch);
  x.watch = 0;
  x.fd.reset();
  x.udp.reset();
}

void forwarder::retry_failed() {
  for (auto& [key, x] : places_)
    if (!x.problem.empty() && !x.wish.targets.empty() && !x.fd && !x.udp)
      open(x);
}

void forwarder::tell(place& x, const std::string& problem) {
  if (x.problem == problem)
    return;
  x.problem = problem;
  if (report_)
    report_(x.wish.key, problem);
}

void forwarder::on_accept(const listener_key& key) {
  auto& x = places_.at(key);
  for (int i = 0; i < accepts_per_turn; ++i) {
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    unique_fd client{::accept4(x.fd.get(), reinterpret_cast<sockaddr*>(&from),
                               &size, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (client) {
      start_relay(x, std::move(client), from_sockaddr(from));
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS
        || errno == ENOMEM)
      pause_accepting(x);
    if (errno != EINTR && errno != ECONNABORTED)
      break;
  }
}

// The waiting client stays in the queue of the system; asking again at once
// would turn in circles.
void forwarder::pause_accepting(place& x) {
  loop_.pause(x.watch);
  x.pause_timer = loop_.after(descriptor_pause, [this, watch = x.watch] {
    loop_.change(watch, EPOLLIN);
  });
}

void forwarder::start_relay(place& x, unique_fd client, const endpoint& from) {
  auto order = x.chooser.choose(from.address, loop::clock::now());
  auto relay = std::make_shared<tcp_relay>(loop_, std::move(client),
                                           std::move(order), ways_);
  std::weak_ptr<tcp_relay> weak = relay;
  relays_.insert(relay);
  count(1);
  relay->start({[this, key = x.wish.key, from](const endpoint& target) {
                  if (auto i = places_.find(key); i != places_.end())
                    i->second.chooser.keep(from.address, target,
                                           loop::clock::now());
                },
                [this, weak](bool reached) {
                  if (!reached)
                    ++failed_;
                  relays_.erase(weak.lock());
                  count(-1);
                }});
}

void forwarder::count(int change) {
  connections_ += static_cast<size_t>(change);
  accepted_ += change > 0 ? 1 : 0;
}

} // namespace troupe::net
