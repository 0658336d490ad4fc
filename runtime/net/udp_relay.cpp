#include "runtime/net/udp_relay.hpp"

#include "runtime/net/of_thread.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace troupe::net {

namespace {

constexpr size_t largest_datagram = 65536;
constexpr int datagrams_per_turn = 64;
constexpr auto far_pause = std::chrono::seconds{1};

std::array<char, largest_datagram>& buffer() {
  return of_thread<std::array<char, largest_datagram>, udp_relay>();
}

} // namespace

udp_relay::udp_relay(loop& on, unique_fd socket, target_chooser& chooser,
                     std::function<void(int)> count,
                     std::chrono::milliseconds idle, far_ways* ways)
    : loop_(on),
      socket_(std::move(socket)),
      chooser_(chooser),
      count_(std::move(count)),
      idle_(idle),
      ways_(ways) {
  // nop
}

udp_relay::~udp_relay() {
  loop_.cancel(timer_);
  while (!flows_.empty())
    close(flows_.begin());
  loop_.forget(watch_);
}

bool udp_relay::start() {
  watch_ =
      loop_.watch(socket_.get(), EPOLLIN, [this](uint32_t) { on_requests(); });
  return watch_ != 0;
}

void udp_relay::targets_changed() {
  auto& targets = chooser_.targets();
  for (auto i = flows_.begin(); i != flows_.end();) {
    auto x = i++;
    if (std::find(targets.begin(), targets.end(), x->target) == targets.end())
      close(x);
  }
}

void udp_relay::on_requests() {
  auto& bytes = buffer();
  for (int i = 0; i < datagrams_per_turn; ++i) {
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    auto got = ::recvfrom(socket_.get(), bytes.data(), bytes.size(), 0,
                          reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0 && errno == EAGAIN)
      return;
    if (got < 0)
      continue; // an answer of ours could not be delivered
    auto client = from_sockaddr(from);
    auto known = by_client_.find(client);
    auto x = known != by_client_.end() ? known->second : open(client);
    if (x == flows_.end())
      continue;
    if (!x->fd) {
      if (loop::clock::now() < x->retry_at)
        continue; // as a network without a way does
      close(x);
      x = open(client);
      if (x == flows_.end())
        continue;
    }
    touch(x);
    ::send(x->fd.get(), bytes.data(), static_cast<size_t>(got), MSG_NOSIGNAL);
  }
}

void udp_relay::on_answers(flow_list::iterator x, uint32_t events) {
  auto& bytes = buffer();
  for (int i = 0; i < datagrams_per_turn; ++i) {
    auto got = ::recv(x->fd.get(), bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EAGAIN)
      return;
    // There is no way, and to look for one again at once is of no use.
    if (got == 0 && (events & EPOLLHUP))
      return pause(x);
    // Nobody listens there: the client's next datagram tries another target.
    if (got < 0)
      return close(x);
    touch(x);
    auto to = to_sockaddr(x->client);
    ::sendto(socket_.get(), bytes.data(), static_cast<size_t>(got),
             MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&to), sizeof(to));
  }
}

expected<unique_fd> udp_relay::connect(const endpoint& target) {
  if (ways_ == nullptr || !ways_->node_at(target.address))
    return start_connect(protocol::udp, target);
  return ways_->begin(protocol::udp, target);
}

udp_relay::flow_list::iterator udp_relay::open(const endpoint& client) {
  auto now = loop::clock::now();
  auto order = chooser_.choose(client.address, now);
  if (order.empty())
    return flows_.end();
  if (flows_.size() >= max_flows)
    close(flows_.begin());
  auto fd = connect(order.front());
  if (!fd)
    return flows_.end();
  auto x = flows_.insert(flows_.end(),
                         {client, order.front(), std::move(*fd), 0, now});
  x->watch = loop_.watch(x->fd.get(), EPOLLIN,
                         [this, x](uint32_t events) { on_answers(x, events); });
  by_client_.emplace(client, x);
  count_(1);
  if (x->watch == 0) {
    close(x);
    return flows_.end();
  }
  chooser_.keep(client.address, x->target, now);
  plan_sweep();
  return x;
}

/// Drops what comes for a while.
void udp_relay::pause(flow_list::iterator x) {
  loop_.forget(x->watch);
  x->watch = 0;
  x->fd.reset();
  x->retry_at = loop::clock::now() + far_pause;
}

void udp_relay::touch(flow_list::iterator x) {
  x->last = loop::clock::now();
  flows_.splice(flows_.end(), flows_, x);
}

void udp_relay::close(flow_list::iterator x) {
  loop_.forget(x->watch);
  by_client_.erase(x->client);
  flows_.erase(x);
  count_(-1);
}

/// One timer, for the flow that has been silent for longest.
void udp_relay::plan_sweep() {
  if (timer_ != 0 || flows_.empty())
    return;
  auto due = flows_.front().last + idle_ - loop::clock::now();
  timer_ = loop_.after(due, [this] {
    timer_ = 0;
    auto now = loop::clock::now();
    while (!flows_.empty() && now - flows_.front().last >= idle_)
      close(flows_.begin());
    plan_sweep();
  });
}

} // namespace troupe::net
