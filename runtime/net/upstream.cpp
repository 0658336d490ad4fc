#include "runtime/net/upstream.hpp"

#include "runtime/dns/resolv_conf.hpp"
#include "runtime/dns/responder.hpp"
#include "runtime/dns/wire.hpp"
#include "runtime/net/of_thread.hpp"
#include "runtime/rules/addresses.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>
#include <sstream>
#include <sys/epoll.h>

namespace troupe::net {

namespace {

using namespace std::chrono_literals;

constexpr size_t cache_bytes = 8u << 20;
constexpr size_t most_waiting = 256; // for one question
constexpr size_t most_servers = 8;
// A file that was changed is seen by then.
constexpr auto look_pause = 1s;

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// None for what is no address.
bool to_address(const std::string& text, uint16_t port, sockaddr_storage& out,
                socklen_t& size) {
  auto address = rules::ip_address::parse(text);
  if (!address)
    return false;
  if (address->v6) {
    auto& x = reinterpret_cast<sockaddr_in6&>(out);
    x.sin6_family = AF_INET6;
    x.sin6_port = htons(port);
    std::memcpy(&x.sin6_addr, address->bytes.data(), 16);
    size = sizeof(x);
    return true;
  }
  auto& x = reinterpret_cast<sockaddr_in&>(out);
  x.sin_family = AF_INET;
  x.sin_port = htons(port);
  std::memcpy(&x.sin_addr, address->bytes.data(), 4);
  size = sizeof(x);
  return true;
}

/// Of the operating system: who can guess it can forge answers.
uint16_t unguessable() {
  return static_cast<uint16_t>(of_thread<std::random_device, upstream>()());
}

bool asks_elsewhere(uint16_t code) {
  return code != dns::code::no_error && code != dns::code::name_error;
}

} // namespace

/// A question on its way.
struct upstream::flight {
  std::string key;
  dns::message query;
  bool tcp = false;
  std::vector<done> waiting;
  int tries = 0;
  size_t server = 0;
  unique_fd fd;
  uint64_t watch = 0;
  uint64_t timer = 0;
  std::string output; ///< over TCP, still to be sent
  std::string input;
  std::unique_ptr<dns::message> refusal; ///< better than nothing
};

upstream::upstream(loop& on, upstream_settings settings,
                   std::function<bool(const endpoint&)> own)
    : loop_(on),
      settings_(std::move(settings)),
      own_(std::move(own)),
      cache_(cache_bytes) {
  // nop
}

upstream::~upstream() {
  for (auto& [key, x] : flights_)
    drop_socket(*x);
}

void upstream::read_servers() {
  auto now = loop::clock::now();
  if (looked_ != loop::clock::time_point{} && now - looked_ < look_pause)
    return;
  std::error_code missing;
  auto changed =
      std::filesystem::last_write_time(settings_.resolv_conf, missing);
  if (looked_ != loop::clock::time_point{} && !missing && changed == read_) {
    looked_ = now;
    return;
  }
  looked_ = now;
  read_ = changed;
  servers_.clear();
  first_ = 0;
  for (auto& text :
       dns::parse_resolv_conf(text_of(settings_.resolv_conf)).servers) {
    server x;
    if (servers_.size() >= most_servers
        || !to_address(text, settings_.port, x.address, x.size))
      continue;
    // Who asks us would be asked by us.
    auto& v4 = reinterpret_cast<const sockaddr_in&>(x.address);
    if (x.address.ss_family != AF_INET || !own_(from_sockaddr(v4)))
      servers_.push_back(x);
  }
}

void upstream::ask(const dns::question& what, bool dnssec_ok,
                   bool checking_disabled, bool tcp, done tell) {
  auto key = dns::cache_key(what, dnssec_ok, checking_disabled);
  if (auto known = cache_.find(key, loop::clock::now()))
    return tell(&*known);
  key += tcp ? 't' : 'u';
  if (auto same = flights_.find(key); same != flights_.end()) {
    if (same->second->waiting.size() >= most_waiting)
      return tell(nullptr);
    same->second->waiting.push_back(std::move(tell));
    return;
  }
  read_servers();
  if (servers_.empty() || flights_.size() >= settings_.most) {
    ++failed_;
    return tell(nullptr);
  }
  ++asked_;
  auto fresh = std::make_unique<flight>();
  auto& x = *fresh;
  x.key = key;
  x.tcp = tcp;
  x.query.recursion_desired = true;
  x.query.checking_disabled = checking_disabled;
  x.query.questions = {what};
  x.query.extended = dns::extension{dns::taken_datagram, 0, dnssec_ok};
  x.server = first_;
  x.waiting.push_back(std::move(tell));
  flights_.emplace(std::move(key), std::move(fresh));
  attempt(x);
}

/// Asks until a server can be asked at all.
void upstream::attempt(flight& x) {
  while (x.tries < settings_.tries) {
    ++x.tries;
    x.server %= std::max<size_t>(1, servers_.size());
    if (!servers_.empty() && start(x, servers_[x.server]))
      return;
    ++x.server;
  }
  finish(x, x.refusal.get());
}

void upstream::next(flight& x) {
  drop_socket(x);
  ++x.server;
  attempt(x);
}

bool upstream::start(flight& x, const server& to) {
  auto type = x.tcp ? SOCK_STREAM : SOCK_DGRAM;
  // The port is chosen by the system, at random, for each question.
  x.fd = unique_fd{
      ::socket(to.address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!x.fd)
    return false;
  auto connected = ::connect(
      x.fd.get(), reinterpret_cast<const sockaddr*>(&to.address), to.size);
  if (connected != 0 && errno != EINPROGRESS)
    return false;
  x.query.id = unguessable();
  auto packet = dns::encode(x.query);
  x.input.clear();
  x.output.clear();
  if (x.tcp) {
    dns::put16(x.output, static_cast<uint16_t>(packet.size()));
    x.output += packet;
  } else if (::send(x.fd.get(), packet.data(), packet.size(), MSG_NOSIGNAL)
             < 0) {
    return false;
  }
  x.watch = loop_.watch(x.fd.get(), x.tcp ? EPOLLOUT : EPOLLIN,
                        [this, &x](uint32_t events) { on_ready(x, events); });
  if (x.watch == 0)
    return false;
  x.timer = loop_.after(settings_.patience, [this, &x] {
    x.timer = 0;
    next(x);
  });
  return true;
}

void upstream::drop_socket(flight& x) {
  loop_.cancel(x.timer);
  loop_.forget(x.watch);
  x.timer = x.watch = 0;
  x.fd.reset();
}

void upstream::on_ready(flight& x, uint32_t events) {
  if (x.tcp)
    on_stream(x, events);
  else
    on_datagrams(x);
}

void upstream::on_datagrams(flight& x) {
  char bytes[dns::largest_datagram];
  auto got = ::recv(x.fd.get(), bytes, sizeof(bytes), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (got < 0)
    return next(x); // nobody listens there
  consider(x, {bytes, static_cast<size_t>(got)});
}

void upstream::on_stream(flight& x, uint32_t events) {
  if (!x.output.empty() && (events & (EPOLLERR | EPOLLHUP)) == 0) {
    auto sent =
        ::send(x.fd.get(), x.output.data(), x.output.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
      return next(x);
    x.output.erase(0, sent < 0 ? 0 : static_cast<size_t>(sent));
    if (x.output.empty())
      loop_.change(x.watch, EPOLLIN);
    return;
  }
  char bytes[16384];
  auto got = ::recv(x.fd.get(), bytes, sizeof(bytes), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (got <= 0)
    return next(x);
  x.input.append(bytes, static_cast<size_t>(got));
  if (x.input.size() < 2)
    return;
  auto size = dns::get16(x.input, 0);
  if (x.input.size() >= size + size_t{2})
    consider(x, std::string_view{x.input}.substr(2, size));
}

/// Only what answers this very question counts.
void upstream::consider(flight& x, std::string_view packet) {
  auto said = dns::parse(packet);
  auto& asked = x.query.questions.front();
  auto fits =
      said && said->response && said->id == x.query.id
      && (said->questions.empty()
              ? asks_elsewhere(said->code)
              : said->questions.size() == 1
                    && said->questions[0].type == asked.type
                    && said->questions[0].klass == asked.klass
                    && dns::same(said->questions[0].owner, asked.owner));
  if (!fits && x.tcp)
    return next(x);
  if (!fits)
    return; // forged, or late: the right one may still come
  // Some do not know extensions: RFC 6891, section 7.
  if (x.query.extended
      && (said->code == dns::code::form_error
          || said->code == dns::code::not_implemented)) {
    drop_socket(x);
    x.query.extended.reset();
    --x.tries;
    return attempt(x);
  }
  if (asks_elsewhere(said->code)) {
    x.refusal = std::make_unique<dns::message>(std::move(*said));
    return next(x);
  }
  first_ = x.server;
  finish(x, &*said);
}

void upstream::finish(flight& x, const dns::message* said) {
  drop_socket(x);
  auto own = std::move(flights_.extract(x.key).mapped());
  if (said == nullptr)
    ++failed_;
  else
    cache_.put(own->key.substr(0, own->key.size() - 1), *said,
               loop::clock::now());
  for (auto& tell : own->waiting)
    tell(said);
}

} // namespace troupe::net
