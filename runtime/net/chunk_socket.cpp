#include "runtime/net/chunk_socket.hpp"

#include "runtime/net/of_thread.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace troupe::net {

namespace {

constexpr size_t largest_chunk = 64u << 10;
constexpr int chunks_per_turn = 4; // then the other sockets have theirs
constexpr auto dial_time = std::chrono::seconds{2};

bool is_transient(int error) {
  return error == EAGAIN || error == EINTR;
}

} // namespace

chunk_socket::chunk_socket(loop& on, unique_fd fd, protocol kind)
    : loop_(on), fd_(std::move(fd)), kind_(kind) {
  // nop
}

bool chunk_socket::watch(uint32_t events) {
  watch_ = loop_.watch(fd_.get(), events,
                       [self = shared_from_this()](uint32_t what) {
                         if (self->connected_)
                           self->on_ready(what);
                         else
                           self->on_dialled();
                       });
  if (watch_ == 0)
    end_with("no descriptor left to wait with");
  return watch_ != 0;
}

void chunk_socket::start(callbacks tell) {
  tell_ = std::move(tell);
  connected_ = true;
  watch(0);
}

void chunk_socket::start_connecting(callbacks tell) {
  tell_ = std::move(tell);
  if (watch(EPOLLOUT))
    timer_ = loop_.after(dial_time, [self = shared_from_this()] {
      self->end_with(std::strerror(ETIMEDOUT));
    });
}

void chunk_socket::on_dialled() {
  if (over_)
    return;
  loop_.cancel(timer_);
  if (auto error = connect_error(fd_.get()); error != 0)
    return end_with(std::strerror(error));
  connected_ = true;
  if (kind_ == protocol::tcp)
    tune_connection(fd_.get());
  tell_.connected();
  if (!over_ && write_some())
    update(0);
}

void chunk_socket::allow(uint32_t chunks) {
  allowed_ += chunks;
  update(0);
}

void chunk_socket::write(std::string chunk) {
  if (over_ || write_ended_)
    return;
  if (waiting_.size() >= most_waiting)
    return end_with("more was sent than there was room for");
  waiting_.push_back(std::move(chunk));
  if (connected_ && waiting_.size() == 1 && !write_some())
    return;
  update(0);
}

void chunk_socket::end() {
  write_ended_ = true;
  if (!over_ && connected_ && write_some())
    update(0);
}

void chunk_socket::finish() {
  read_ended_ = true;
  end();
}

void chunk_socket::abandon() {
  tell_ = {};
  end_with("abandoned");
}

/// Sends what the system takes; false when that was the end.
bool chunk_socket::write_some() {
  while (!waiting_.empty()) {
    auto& first = waiting_.front();
    auto sent = ::send(fd_.get(), first.data() + taken_, first.size() - taken_,
                       MSG_NOSIGNAL);
    auto error = sent < 0 ? errno : 0;
    if (kind_ == protocol::tcp && error != 0 && !is_transient(error)) {
      end_with(std::strerror(error));
      return false;
    }
    if (error == EINTR)
      continue;
    if (kind_ == protocol::tcp && error != 0)
      return true;
    taken_ += sent > 0 ? static_cast<size_t>(sent) : 0;
    if (kind_ == protocol::tcp && taken_ < first.size())
      continue;
    waiting_.pop_front();
    taken_ = 0;
    if (tell_.written)
      tell_.written();
    if (over_)
      return false;
  }
  if (write_ended_ && !told_end_) {
    told_end_ = true;
    if (kind_ == protocol::tcp)
      ::shutdown(fd_.get(), SHUT_WR);
  }
  if (is_over())
    end_with({});
  return !over_;
}

bool chunk_socket::is_over() const {
  return read_ended_ && told_end_ && waiting_.empty();
}

/// Reads what is allowed; false when that was the end.
bool chunk_socket::read_some() {
  auto& buffer = of_thread<std::array<char, largest_chunk>, chunk_socket>();
  for (int i = 0; i < chunks_per_turn && allowed_ > 0 && !read_ended_; ++i) {
    auto got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    auto error = got < 0 ? errno : 0;
    if (error == EINTR)
      continue;
    if (error == EAGAIN)
      return true;
    // A datagram that nobody took is no news for those that follow.
    if (kind_ == protocol::udp && got <= 0)
      return true;
    if (error != 0) {
      end_with(std::strerror(error));
      return false;
    }
    if (got == 0) {
      read_ended_ = true;
      if (tell_.ended)
        tell_.ended();
      if (!over_ && is_over())
        end_with({});
      return !over_;
    }
    --allowed_;
    tell_.data({buffer.data(), static_cast<size_t>(got)});
    if (over_)
      return false;
  }
  return true;
}

void chunk_socket::on_ready(uint32_t events) {
  if (over_)
    return;
  auto readable = allowed_ > 0 && !read_ended_;
  if ((events & EPOLLERR) && kind_ == protocol::udp)
    connect_error(fd_.get()); // taken note of, so that it is not told again
  else if (events & EPOLLERR) {
    // What came before the reset is still there to be passed on.
    if (readable && !read_some())
      return;
    auto error = connect_error(fd_.get());
    return end_with(std::strerror(error != 0 ? error : ECONNRESET));
  }
  if ((events & EPOLLOUT) && !write_some())
    return;
  if ((events & (EPOLLIN | EPOLLHUP)) && readable && !read_some())
    return;
  // A peer that only sends no more does not hang up: this one is gone.
  if ((events & EPOLLHUP) && (read_ended_ || kind_ == protocol::udp))
    return end_with(std::strerror(ECONNRESET));
  update(events);
}

/// Waits for what can be acted on.
void chunk_socket::update(uint32_t events) {
  if (over_ || !connected_)
    return;
  auto readable = allowed_ > 0 && !read_ended_;
  loop_.change(watch_,
               (readable ? EPOLLIN : 0u) | (waiting_.empty() ? 0u : EPOLLOUT));
  // A hang-up that cannot be acted on yet would be reported without end.
  if ((events & EPOLLHUP) && !readable)
    loop_.pause(watch_);
}

void chunk_socket::end_with(const std::string& problem) {
  if (std::exchange(over_, true))
    return;
  auto kept = shared_from_this();
  loop_.cancel(timer_);
  loop_.forget(watch_);
  if (fd_ && !problem.empty())
    reset_on_close(fd_.get());
  fd_.reset();
  if (auto tell = std::exchange(tell_, {}).over)
    tell(problem);
}

} // namespace troupe::net
