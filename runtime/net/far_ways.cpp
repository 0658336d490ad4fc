#include "runtime/net/far_ways.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <utility>

namespace troupe::net {

namespace {

caf::error nobody() {
  return make_error(ec::service_unavailable, "nobody connects to other nodes");
}

using both_ends = std::pair<unique_fd, unique_fd>;

caf::error no_sockets() {
  return make_error(ec::service_unavailable, std::strerror(errno));
}

/// Real ones: only with these is a reset of one end seen as such at the other.
expected<both_ends> connected_pair() {
  // Within a machine it takes no time, and those who call must not wait.
  constexpr int patience_ms = 20;
  auto door = open_listener(protocol::tcp, {{INADDR_LOOPBACK}, 0}, sharing::no);
  if (!door)
    return std::move(door.error());
  auto ours = start_connect(protocol::tcp, local_endpoint(door->get()));
  if (!ours)
    return std::move(ours.error());
  auto here = local_endpoint(ours->get());
  pollfd waiting{door->get(), POLLIN, 0};
  while (::poll(&waiting, 1, patience_ms) == 1) {
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    unique_fd theirs{::accept4(door->get(), reinterpret_cast<sockaddr*>(&from),
                               &size, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!theirs)
      break;
    // Somebody else of this machine may have tried the door.
    if (from_sockaddr(from) != here)
      continue;
    for (auto* each : {&theirs, &*ours})
      tune_connection(each->get());
    return both_ends{std::move(theirs), std::move(*ours)};
  }
  return no_sockets();
}

/// Two connected sockets that behave as a connection of that kind does.
expected<both_ends> socket_pair(protocol kind) {
  if (kind == protocol::tcp)
    return connected_pair();
  int both[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                   both)
      != 0)
    return no_sockets();
  return both_ends{unique_fd{both[0]}, unique_fd{both[1]}};
}

} // namespace

far_ways::wanted::wanted(wanted&& other) noexcept
    : kind(other.kind),
      to(other.to),
      node(std::move(other.node)),
      socket(std::move(other.socket)),
      tell_(std::exchange(other.tell_, {})) {
  // nop
}

far_ways::wanted::~wanted() {
  answer(nobody());
}

void far_ways::wanted::answer(const caf::error& err) {
  if (auto tell = std::exchange(tell_, {}))
    tell(err);
}

far_ways::~far_ways() {
  serve({});
}

void far_ways::lead(std::vector<way> all) {
  std::lock_guard guard{mutex_};
  ways_ = std::move(all);
}

std::optional<std::string> far_ways::node_at(ipv4 address) const {
  std::lock_guard guard{mutex_};
  for (auto& each : ways_)
    if (each.pods.contains(address))
      return each.node;
  return std::nullopt;
}

void far_ways::open(protocol kind, const endpoint& to, done tell) {
  auto both = socket_pair(kind);
  if (!both)
    return tell(std::move(both.error()));
  // Functions are copied.
  auto ours = std::make_shared<unique_fd>(std::move(both->second));
  ask_for({kind, to, std::move(both->first),
           [ours, tell = std::move(tell)](const caf::error& err) {
             if (err)
               tell(err);
             else
               tell(std::move(*ours));
           }});
}

expected<unique_fd> far_ways::begin(protocol kind, const endpoint& to) {
  auto both = socket_pair(kind);
  if (!both)
    return std::move(both.error());
  ask_for({kind, to, std::move(both->first), [](const caf::error&) {}});
  return std::move(both->second);
}

void far_ways::ask_for(wanted what) {
  auto node = node_at(what.to.address);
  std::unique_lock guard{mutex_};
  if (!node || !ask_)
    return; // what is wanted outlives the guard
  auto ask = ask_;
  auto number = ++last_;
  what.node = std::move(*node);
  wanted_.emplace(number, std::move(what));
  guard.unlock();
  ask(number);
}

void far_ways::serve(std::function<void(uint64_t)> ask) {
  std::map<uint64_t, wanted> left;
  {
    std::lock_guard guard{mutex_};
    ask_ = std::move(ask);
    left.swap(wanted_);
  }
}

std::optional<far_ways::wanted> far_ways::take(uint64_t number) {
  std::lock_guard guard{mutex_};
  auto found = wanted_.extract(number);
  if (found.empty())
    return std::nullopt;
  return std::move(found.mapped());
}

} // namespace troupe::net
