#include "runtime/net/tcp_relay.hpp"

#include "runtime/net/of_thread.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace troupe::net {

namespace {

constexpr size_t piece = 64u << 10;
constexpr int pieces_per_turn = 4; // then the other connections have theirs
constexpr size_t max_dials = 4;
constexpr auto dial_time = std::chrono::seconds{2};
// By way of a server, who waits for the node's own dial.
constexpr auto far_dial_time = std::chrono::seconds{5};

} // namespace

tcp_relay::tcp_relay(loop& on, unique_fd client, std::vector<endpoint> targets,
                     far_ways* ways)
    : loop_(on), targets_(std::move(targets)), ways_(ways) {
  client_.fd = std::move(client);
  if (targets_.size() > max_dials)
    targets_.resize(max_dials);
}

void tcp_relay::start(callbacks tell) {
  tell_ = std::move(tell);
  tune_connection(client_.fd.get());
  // Until a target answers only the client's reset is of interest.
  client_.watch = loop_.watch(
      client_.fd.get(), 0, [self = shared_from_this()](uint32_t events) {
        self->on_ready(self->client_, self->target_, events);
      });
  if (client_.watch == 0)
    return end(true);
  dial_next();
}

void tcp_relay::abandon() {
  tell_ = {};
  end(true);
}

void tcp_relay::dial_next() {
  loop_.cancel(timer_);
  loop_.forget(target_.watch);
  target_ = {};
  while (next_target_ < targets_.size())
    if (dial(targets_[next_target_++]))
      return;
  end(true);
}

/// Begins to connect; false when it is clear at once that it does not succeed.
bool tcp_relay::dial(const endpoint& target) {
  auto far = ways_ != nullptr && ways_->node_at(target.address);
  timer_ = loop_.after(far ? far_dial_time : dial_time,
                       [self = shared_from_this()] { self->dial_next(); });
  if (far) {
    dial_far(target);
    return true;
  }
  if (auto fd = start_connect(protocol::tcp, target)) {
    target_.fd = std::move(*fd);
    if (watch_target(EPOLLOUT))
      return true;
  }
  loop_.cancel(timer_);
  return false;
}

bool tcp_relay::watch_target(uint32_t events) {
  target_.watch = loop_.watch(
      target_.fd.get(), events, [self = shared_from_this()](uint32_t now) {
        if (self->reached_)
          self->on_ready(self->target_, self->client_, now);
        else
          self->on_dialled(now);
      });
  return target_.watch != 0;
}

void tcp_relay::dial_far(const endpoint& target) {
  ways_->open(protocol::tcp, target,
              [self = shared_from_this(),
               dial = next_target_](expected<unique_fd> answer) {
                // Tasks are copied.
                auto fd = std::make_shared<unique_fd>(
                    answer ? std::move(*answer) : unique_fd{});
                self->loop_.post(
                    [self, dial, fd] { self->on_far(dial, std::move(*fd)); });
              });
}

void tcp_relay::on_far(size_t dial, unique_fd fd) {
  // It may have come too late; who serves it shall not take that for an end
  // of one direction.
  if (over_ || reached_ || dial != next_target_) {
    if (fd)
      reset_on_close(fd.get());
    return;
  }
  target_.fd = std::move(fd);
  if (!target_.fd || !watch_target(0))
    return dial_next();
  reach();
}

void tcp_relay::on_dialled(uint32_t) {
  if (connect_error(target_.fd.get()) != 0)
    return dial_next();
  tune_connection(target_.fd.get());
  reach();
}

void tcp_relay::reach() {
  loop_.cancel(timer_);
  reached_ = true;
  if (tell_.connected)
    tell_.connected(targets_[next_target_ - 1]);
  update(client_, target_);
  update(target_, client_);
}

void tcp_relay::on_ready(side& here, side& there, uint32_t events) {
  if (over_)
    return;
  if (events & EPOLLERR) {
    // What came before the reset is still there to be passed on.
    if (reached_ && there.pending.empty())
      read_some(here, there);
    return end(true);
  }
  if (!reached_) {
    // The client hung up both ways before anybody answered.
    if (events & EPOLLHUP)
      end(true);
    return;
  }
  if (!here.pending.empty() && (events & EPOLLOUT) && !flush(here, there))
    return end(true);
  auto readable = !here.read_ended && there.pending.empty();
  if (readable && (events & (EPOLLIN | EPOLLHUP)) && !read_some(here, there))
    return end(true);
  if (here.read_ended && there.read_ended && here.pending.empty()
      && there.pending.empty())
    return end(false);
  update(there, here);
  update(here, there);
  // A hang-up that cannot be acted on yet would be reported without end.
  if ((events & EPOLLHUP) && !(!here.read_ended && there.pending.empty()))
    loop_.pause(here.watch);
}

bool tcp_relay::read_some(side& from, side& to) {
  auto& buffer = of_thread<std::array<char, piece>, tcp_relay>();
  for (int i = 0; i < pieces_per_turn && to.pending.empty(); ++i) {
    auto got = ::recv(from.fd.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return errno == EAGAIN;
    if (got == 0) {
      from.read_ended = true;
      to.write_ended = ::shutdown(to.fd.get(), SHUT_WR) == 0;
      return true;
    }
    if (!send_now(to, buffer.data(), static_cast<size_t>(got)))
      return false;
    if (static_cast<size_t>(got) < buffer.size())
      return true;
  }
  return true;
}

/// Sends what the socket takes and keeps the rest; false when it is broken.
bool tcp_relay::send_now(side& to, const char* data, size_t size) {
  while (size > 0) {
    auto sent = ::send(to.fd.get(), data, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR)
      continue;
    if (sent < 0 && errno != EAGAIN)
      return false;
    if (sent < 0) {
      to.pending.assign(data, size);
      to.taken = 0;
      return true;
    }
    data += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

bool tcp_relay::flush(side& to, side& from) {
  auto waiting = std::move(to.pending);
  auto taken = std::exchange(to.taken, 0);
  to.pending = {};
  if (!send_now(to, waiting.data() + taken, waiting.size() - taken))
    return false;
  if (to.pending.empty() && from.read_ended && !to.write_ended)
    to.write_ended = ::shutdown(to.fd.get(), SHUT_WR) == 0;
  return true;
}

void tcp_relay::update(side& here, side& there) {
  uint32_t events = 0;
  if (!here.read_ended && there.pending.empty())
    events |= EPOLLIN;
  if (!here.pending.empty())
    events |= EPOLLOUT;
  loop_.change(here.watch, events);
}

void tcp_relay::end(bool reset) {
  if (std::exchange(over_, true))
    return;
  auto kept = shared_from_this();
  loop_.cancel(timer_);
  for (auto* x : {&client_, &target_}) {
    loop_.forget(x->watch);
    if (x->fd && reset)
      reset_on_close(x->fd.get());
    x->fd.reset();
  }
  if (auto tell = std::exchange(tell_, {}).ended)
    tell(reached_);
}

} // namespace troupe::net
