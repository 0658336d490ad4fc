#include "runtime/net/dns_server.hpp"

#include "runtime/dns/responder.hpp"
#include "runtime/net/of_thread.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <sstream>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace troupe::net {

namespace {

constexpr size_t batch = 32;
constexpr int batches_per_turn = 8;
constexpr int accepts_per_turn = 64;
constexpr auto descriptor_pause = std::chrono::milliseconds{100};

/// Datagrams that are read, or written, by one call.
struct datagrams {
  std::array<std::array<char, dns::largest_datagram>, batch> bytes;
  std::array<sockaddr_in, batch> peers;
  std::array<iovec, batch> parts;
  std::array<mmsghdr, batch> heads;

  void prepare() {
    for (size_t i = 0; i < batch; ++i) {
      parts[i] = {bytes[i].data(), bytes[i].size()};
      heads[i] = {};
      heads[i].msg_hdr.msg_iov = &parts[i];
      heads[i].msg_hdr.msg_iovlen = 1;
      heads[i].msg_hdr.msg_name = &peers[i];
      heads[i].msg_hdr.msg_namelen = sizeof(peers[i]);
    }
  }
};

/// Answers of one turn.
struct replies {
  std::array<std::string, batch> bytes;
  std::array<iovec, batch> parts;
  std::array<mmsghdr, batch> heads;
  size_t count = 0;

  void add(std::string packet, sockaddr_in& to) {
    bytes[count] = std::move(packet);
    parts[count] = {bytes[count].data(), bytes[count].size()};
    heads[count] = {};
    heads[count].msg_hdr.msg_iov = &parts[count];
    heads[count].msg_hdr.msg_iovlen = 1;
    heads[count].msg_hdr.msg_name = &to;
    heads[count].msg_hdr.msg_namelen = sizeof(to);
    ++count;
  }

  /// What is not taken at once is lost, as UDP allows.
  void send(int fd) {
    for (size_t at = 0; at < count;) {
      auto sent = ::sendmmsg(fd, heads.data() + at,
                             static_cast<unsigned>(count - at), 0);
      at += sent > 0 ? static_cast<size_t>(sent) : 1;
    }
    count = 0;
  }
};

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

} // namespace

dns_server::dns_server(upstream_settings others, dns_limits limits)
    : resolv_conf_(others.resolv_conf), limits_(limits) {
  others_ = std::make_unique<upstream>(
      loop_, std::move(others), [this](const endpoint& x) {
        return places_.count({protocol::udp, x}) > 0
               || places_.count({protocol::tcp, x}) > 0;
      });
}

dns_server::~dns_server() {
  loop_.run([this] {
    loop_.cancel(sweep_timer_);
    for (auto& [key, x] : places_)
      close(x);
    places_.clear();
    connections_.clear();
    others_.reset();
  });
}

void dns_server::replace(dns_settings settings, dns_change all, report tell) {
  loop_.post([this, settings = std::move(settings), all = std::move(all),
              tell = std::move(tell)]() mutable {
    begin(settings, std::move(all), zone_);
    touch_serial();
    report_ = std::move(tell);
    for (auto& [key, x] : places_)
      x.problem.clear(); // whoever listens now has not heard of it
  });
}

void dns_server::update(dns_change change) {
  loop_.post([this, change = std::move(change)]() mutable {
    apply(std::move(change), zone_);
    touch_serial();
  });
}

/// Grows, from one life of this process to the next too.
void dns_server::touch_serial() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  zone_.set_serial(static_cast<uint32_t>(
      std::chrono::duration_cast<std::chrono::seconds>(now).count()));
}

void dns_server::listen(std::vector<listener_key> places) {
  loop_.post([this, wanted = std::set(places.begin(), places.end())] {
    for (auto i = places_.begin(); i != places_.end();) {
      auto x = i++;
      if (wanted.count(x->first) > 0)
        continue;
      close(x->second);
      places_.erase(x);
    }
    for (auto& key : wanted)
      if (auto& x = places_[key]; !x.fd)
        open(key, x);
    others_->look_again();
  });
}

dns_stats dns_server::stats() const {
  return {listening_, open_, queries_, forwarded_, unanswered_, cached_};
}

machine_names dns_server::machine() const {
  return {dns::parse_resolv_conf(text_of(resolv_conf_)), text_of("/etc/hosts")};
}

// -- places -------------------------------------------------------------------

void dns_server::open(const listener_key& key, place& x) {
  auto fd = open_listener(key.kind, key.at);
  if (!fd)
    return tell(key, x, message_of(fd.error()));
  x.fd = std::move(*fd);
  x.number = ++last_place_;
  x.watch = loop_.watch(x.fd.get(), EPOLLIN, [this, key](uint32_t) {
    if (key.kind == protocol::udp)
      on_datagrams(key);
    else
      on_accept(key);
  });
  if (x.watch == 0)
    x.fd.reset();
  listening_ += x.fd ? 1 : 0;
  tell(key, x, x.fd ? "" : "no descriptor left to wait with");
}

void dns_server::close(place& x) {
  listening_ -= x.fd ? 1 : 0;
  loop_.cancel(x.pause_timer);
  loop_.forget(x.watch);
  x.watch = 0;
  x.fd.reset();
}

void dns_server::tell(const listener_key& key, place& x,
                      const std::string& problem) {
  if (x.problem == problem)
    return;
  x.problem = problem;
  if (report_)
    report_(key, problem);
}

// -- questions ----------------------------------------------------------------

void dns_server::on_datagrams(const listener_key& key) {
  auto& in = of_thread<datagrams, dns_server>();
  auto& out = of_thread<replies, dns_server>();
  auto& x = places_.at(key);
  for (int turn = 0; turn < batches_per_turn; ++turn) {
    in.prepare();
    auto got =
        ::recvmmsg(x.fd.get(), in.heads.data(), batch, MSG_DONTWAIT, nullptr);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      return;
    for (int i = 0; i < got; ++i) {
      auto at = static_cast<size_t>(i);
      std::string_view packet{in.bytes[at].data(), in.heads[at].msg_len};
      ++queries_;
      auto todo = dns::consider(packet, zone_, turn_++);
      if (todo.what == dns::verdict::act::answer)
        out.add(dns::pack(todo.reply, true), in.peers[at]);
      if (todo.what == dns::verdict::act::forward)
        forward(std::move(todo), true,
                [this, key, number = x.number,
                 peer = in.peers[at]](std::string reply) {
                  send_late(key, number, peer, std::move(reply));
                });
    }
    out.send(x.fd.get());
    if (got < static_cast<int>(batch))
      return;
  }
}

/// The place may have gone, or be another one of the same address.
void dns_server::send_late(const listener_key& key, uint64_t number,
                           const sockaddr_in& peer, std::string reply) {
  auto x = places_.find(key);
  if (x == places_.end() || x->second.number != number || !x->second.fd)
    return;
  ::sendto(x->second.fd.get(), reply.data(), reply.size(), MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&peer), sizeof(peer));
}

void dns_server::forward(dns::verdict todo, bool udp,
                         dns_connection::give give) {
  auto& extended = todo.reply.extended;
  auto dnssec = extended && extended->dnssec_ok;
  auto unchecked = todo.reply.checking_disabled;
  auto next = todo.next;
  others_->ask(next, dnssec, unchecked, !udp,
               [this, reply = std::move(todo.reply), udp,
                give = std::move(give)](const dns::message* said) mutable {
                 note_upstream();
                 give(dns::pack(dns::complete(std::move(reply), said), udp));
               });
  note_upstream();
}

void dns_server::note_upstream() {
  if (!others_)
    return;
  forwarded_ = others_->asked();
  unanswered_ = others_->failed();
  cached_ = others_->known().entries();
}

// -- connections --------------------------------------------------------------

void dns_server::on_accept(const listener_key& key) {
  auto& x = places_.at(key);
  for (int i = 0; i < accepts_per_turn; ++i) {
    unique_fd client{
        ::accept4(x.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (client) {
      add_connection(std::move(client));
      continue;
    }
    // Asking again at once would turn in circles.
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS
        || errno == ENOMEM) {
      loop_.pause(x.watch);
      x.pause_timer = loop_.after(descriptor_pause, [this, watch = x.watch] {
        loop_.change(watch, EPOLLIN);
      });
    }
    if (errno != EINTR && errno != ECONNABORTED)
      break;
  }
}

void dns_server::add_connection(unique_fd fd) {
  if (connections_.size() >= limits_.connections)
    remove_connection(connections_.begin());
  auto at = connections_.insert(connections_.end(), nullptr);
  *at = std::make_unique<dns_connection>(
      loop_, std::move(fd),
      [this](std::string_view packet, dns_connection::give give) {
        ++queries_;
        auto todo = dns::consider(packet, zone_, turn_++);
        if (todo.what == dns::verdict::act::forward)
          return forward(std::move(todo), false, std::move(give));
        give(todo.what == dns::verdict::act::drop
                 ? std::string{}
                 : dns::pack(todo.reply, false));
      },
      [this, at] { connections_.splice(connections_.end(), connections_, at); },
      [this, at] { remove_connection(at); });
  ++open_;
  if (!(*at)->start())
    return remove_connection(at);
  plan_sweep();
}

void dns_server::remove_connection(connections::iterator x) {
  // It may be what calls us: it goes when it has returned.
  std::shared_ptr<dns_connection> last{std::move(*x)};
  last->stop();
  connections_.erase(x);
  --open_;
  loop_.post([last] {});
}

/// One timer, for the connection that has been silent for longest.
void dns_server::plan_sweep() {
  if (sweep_timer_ != 0 || connections_.empty())
    return;
  auto due = connections_.front()->last() + limits_.idle - loop::clock::now();
  sweep_timer_ = loop_.after(
      std::max<loop::clock::duration>(due, std::chrono::milliseconds{100}),
      [this] {
        sweep_timer_ = 0;
        auto now = loop::clock::now();
        for (auto i = connections_.begin(); i != connections_.end();) {
          auto x = i++;
          if (now - (*x)->last() < limits_.idle)
            break;
          if (!(*x)->is_busy())
            remove_connection(x);
        }
        plan_sweep();
      });
}

} // namespace troupe::net
