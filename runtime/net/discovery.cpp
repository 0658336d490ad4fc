#include "runtime/net/discovery.hpp"

#include "runtime/crypto/random.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace troupe::net {

namespace {

using clock = std::chrono::steady_clock;

// More than any datagram of ours: a longer one is cut, and so is none.
constexpr size_t buffer_size = 2'048;
constexpr int datagrams_per_turn = 64;

// A question is asked twice: datagrams get lost.
constexpr auto second_question = std::chrono::milliseconds{100};
/// Who is on this machine answers at once.
constexpr auto local_patience = std::chrono::milliseconds{100};

caf::error failure(const char* what) {
  return make_error(ec::internal_error,
                    std::string{what} + ": " + std::strerror(errno));
}

/// The addresses of this machine's interfaces that are up, loopback as well.
std::vector<ipv4> interfaces() {
  std::vector<ipv4> result;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0)
    return result;
  for (auto* i = all; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr || i->ifa_addr->sa_family != AF_INET
        || (i->ifa_flags & IFF_UP) == 0
        || (i->ifa_flags & (IFF_MULTICAST | IFF_LOOPBACK)) == 0)
      continue;
    sockaddr_in at{};
    std::memcpy(&at, i->ifa_addr, sizeof(at));
    result.push_back(from_sockaddr(at).address);
  }
  freeifaddrs(all);
  return result;
}

bool set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

/// A socket for datagrams that stay in the local network and are heard on this
/// machine as well.
expected<unique_fd> make_socket() {
  unique_fd fd{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd || !set(fd.get(), IPPROTO_IP, IP_MULTICAST_TTL, 1)
      || !set(fd.get(), IPPROTO_IP, IP_MULTICAST_LOOP, 1))
    return failure("no socket for discovery");
  return fd;
}

in_addr to_in_addr(ipv4 x) {
  return to_sockaddr({x, 0}).sin_addr;
}

/// A socket that hears what is said to the group, beside others that do.
expected<unique_fd> make_listener(uint16_t port) {
  auto fd = make_socket();
  if (!fd)
    return fd;
  auto at = to_sockaddr({discovery_group, port});
  if (!set(fd->get(), SOL_SOCKET, SO_REUSEADDR, 1)
      || bind(fd->get(), reinterpret_cast<sockaddr*>(&at), sizeof(at)) != 0)
    return failure("discovery's port cannot be had");
  auto joined = false;
  for (auto address : interfaces()) {
    ip_mreq group{};
    group.imr_multiaddr = to_in_addr(discovery_group);
    group.imr_interface = to_in_addr(address);
    // Two addresses of one interface join once.
    joined |= setsockopt(fd->get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &group,
                         sizeof(group))
                  == 0
              || errno == EADDRINUSE;
  }
  if (!joined)
    return failure("no interface takes part in discovery");
  return fd;
}

void send_to(int fd, const endpoint& where, const std::string& bytes) {
  auto to = to_sockaddr(where);
  // What is lost is asked for again.
  [[maybe_unused]] auto sent =
      sendto(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL,
             reinterpret_cast<sockaddr*>(&to), sizeof(to));
}

/// Says something to the group through one interface.
void send_to_group(int fd, ipv4 through, uint16_t port,
                   const std::string& bytes) {
  auto address = to_in_addr(through);
  if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof(address))
      == 0)
    send_to(fd, {discovery_group, port}, bytes);
}

struct heard_message {
  discovery_message what;
  endpoint from;
};

/// Takes one datagram off a socket; false when there is none.
bool receive_one(int fd, std::optional<heard_message>& out) {
  std::array<char, buffer_size> buffer;
  sockaddr_in from{};
  socklen_t size = sizeof(from);
  auto got = recvfrom(fd, buffer.data(), buffer.size(), MSG_TRUNC,
                      reinterpret_cast<sockaddr*>(&from), &size);
  out.reset();
  if (got < 0)
    return errno == EINTR;
  if (static_cast<size_t>(got) > buffer.size())
    return true;
  auto what = decode_discovery({buffer.data(), static_cast<size_t>(got)});
  if (what)
    out = heard_message{std::move(*what), from_sockaddr(from)};
  return true;
}

} // namespace

discovery_responder::discovery_responder(std::shared_ptr<loop> thread,
                                         unique_fd fd,
                                         std::function<found_cluster()> what)
    : thread_(std::move(thread)), fd_(std::move(fd)), what_(std::move(what)) {
  // nop
}

discovery_responder::~discovery_responder() {
  thread_->run([this] { thread_->forget(watch_); });
}

expected<std::unique_ptr<discovery_responder>>
discovery_responder::open(std::shared_ptr<loop> thread, uint16_t port,
                          std::function<found_cluster()> what) {
  auto fd = make_listener(port);
  if (!fd)
    return fd.error();
  std::unique_ptr<discovery_responder> out{new discovery_responder{
      std::move(thread), std::move(*fd), std::move(what)}};
  auto* self = out.get();
  self->thread_->run([self, port] {
    self->watch_ = self->thread_->watch(
        self->fd_.get(), EPOLLIN, [self](uint32_t) { self->on_questions(); });
    self->announce(port);
  });
  return out;
}

void discovery_responder::announce(uint16_t port) {
  auto what = what_();
  for (auto address : interfaces()) {
    auto mine = what;
    mine.servers = reachable(what.servers, address);
    if (!mine.servers.empty())
      send_to_group(fd_.get(), address, port, encode({0, std::move(mine)}));
  }
}

void discovery_responder::on_questions() {
  std::optional<heard_message> heard;
  for (int i = 0; i < datagrams_per_turn && receive_one(fd_.get(), heard);
       ++i) {
    if (!heard || heard->what.cluster)
      continue;
    auto mine = what_();
    mine.servers = reachable(mine.servers, heard->from.address);
    if (!mine.servers.empty())
      send_to(fd_.get(), heard->from,
              encode({heard->what.number, std::move(mine)}));
  }
}

expected<std::vector<found_cluster>>
discover(uint16_t port, std::chrono::milliseconds patience) {
  auto asking = make_socket();
  if (!asking)
    return asking.error();
  // Announcements are heard, too, where the port can be had.
  auto listening = make_listener(port);
  auto random = crypto::random_bytes(sizeof(uint64_t));
  discovery_message question;
  std::memcpy(&question.number, random.data(), sizeof(question.number));
  auto all = interfaces();
  auto alone = all.size() <= 1;
  auto ask = [&] {
    for (auto address : all)
      send_to_group(asking->get(), address, port, encode(question));
  };
  auto begin = clock::now();
  auto end = begin + (alone ? std::min(patience, local_patience) : patience);
  auto asked_again = false;
  ask();
  std::vector<found_cluster> result;
  auto take = [&](int fd) {
    std::optional<heard_message> heard;
    while (receive_one(fd, heard))
      if (heard && heard->what.cluster
          && (heard->what.number == question.number || heard->what.number == 0))
        note(result, std::move(*heard->what.cluster));
  };
  for (auto now = begin; now < end; now = clock::now()) {
    if (!asked_again && now - begin >= second_question) {
      asked_again = true;
      ask();
    }
    auto next = asked_again ? end : std::min(end, begin + second_question);
    auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now);
    std::array<pollfd, 2> both{
        pollfd{asking->get(), POLLIN, 0},
        pollfd{listening ? listening->get() : -1, POLLIN, 0}};
    if (poll(both.data(), both.size(), static_cast<int>(left.count())) > 0)
      for (auto& each : both)
        if (each.revents != 0 && each.fd >= 0)
          take(each.fd);
  }
  return result;
}

} // namespace troupe::net
