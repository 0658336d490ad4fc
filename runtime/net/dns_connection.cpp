#include "runtime/net/dns_connection.hpp"

#include "runtime/dns/wire.hpp"

#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace troupe::net {

dns_connection::dns_connection(loop& on, unique_fd fd, answer ask,
                               std::function<void()> on_use,
                               std::function<void()> on_over)
    : loop_(on),
      fd_(std::move(fd)),
      ask_(std::move(ask)),
      on_use_(std::move(on_use)),
      on_over_(std::move(on_over)),
      last_(loop::clock::now()),
      alive_(std::make_shared<dns_connection*>(this)) {
  // nop
}

dns_connection::~dns_connection() {
  *alive_ = nullptr;
  loop_.forget(watch_);
}

bool dns_connection::start() {
  watch_ = loop_.watch(fd_.get(), EPOLLIN,
                       [this](uint32_t events) { on_ready(events); });
  return watch_ != 0;
}

void dns_connection::stop() {
  over_ = true;
  loop_.pause(watch_);
}

void dns_connection::end() {
  if (over_)
    return;
  stop();
  on_over_();
}

void dns_connection::on_ready(uint32_t events) {
  if (over_)
    return;
  if (((events & EPOLLIN) != 0 && !read())
      || (events & (EPOLLERR | EPOLLHUP)) != 0
      || ((events & EPOLLOUT) != 0 && !write()))
    return end();
  take_questions();
  wait();
}

/// False when the client is gone.
bool dns_connection::read() {
  char bytes[16384];
  auto got = ::recv(fd_.get(), bytes, sizeof(bytes), 0);
  if (got < 0)
    return errno == EAGAIN || errno == EINTR;
  if (got == 0)
    ended_ = true;
  input_.append(bytes, static_cast<size_t>(got));
  last_ = loop::clock::now();
  on_use_();
  return true;
}

void dns_connection::take_questions() {
  auto alive = alive_;
  size_t at = 0;
  taking_ = true;
  while (open_ < most_open && output_.size() < most_unsent
         && input_.size() - at >= 2) {
    auto size = dns::get16(input_, at);
    if (input_.size() - at < size + size_t{2})
      break;
    ++open_;
    // The answer may come at once, or when the connection has ended.
    ask_(std::string_view{input_}.substr(at + 2, size),
         [alive](std::string packet) {
           if (*alive != nullptr)
             (*alive)->replied(std::move(packet));
         });
    at += size + size_t{2};
  }
  taking_ = false;
  input_.erase(0, at);
}

/// "" for a question that gets no answer.
void dns_connection::replied(std::string packet) {
  --open_;
  if (over_)
    return;
  if (!packet.empty()) {
    dns::put16(output_, static_cast<uint16_t>(packet.size()));
    output_ += packet;
  }
  if (taking_)
    return;
  take_questions();
  wait();
}

/// False when the client is gone.
bool dns_connection::write() {
  while (!output_.empty()) {
    auto sent = ::send(fd_.get(), output_.data(), output_.size(), MSG_NOSIGNAL);
    if (sent < 0)
      return errno == EAGAIN || errno == EINTR;
    output_.erase(0, static_cast<size_t>(sent));
    last_ = loop::clock::now();
    on_use_();
  }
  return true;
}

void dns_connection::wait() {
  if (ended_ && open_ == 0 && output_.empty()) {
    // Not from within a call of whoever would end us.
    loop_.pause(watch_);
    loop_.post([alive = alive_] {
      if (*alive != nullptr)
        (*alive)->end();
    });
    return;
  }
  uint32_t events = output_.empty() ? 0 : uint32_t{EPOLLOUT};
  if (!ended_ && open_ < most_open && output_.size() < most_unsent)
    events |= EPOLLIN;
  if (events == 0)
    loop_.pause(watch_);
  else
    loop_.change(watch_, events);
}

} // namespace troupe::net
