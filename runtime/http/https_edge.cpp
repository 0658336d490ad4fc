#include "runtime/http/https_edge.hpp"

#include "runtime/crypto/openssl_handles.hpp"
#include "runtime/http/date_header.hpp"
#include "runtime/http/https_connection.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <spdlog/spdlog.h>

#include <arpa/inet.h>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <utility>

namespace troupe::http {

namespace {

constexpr std::chrono::milliseconds accept_pause{100};
constexpr int accepts_per_turn = 64;

constexpr unsigned char protocols[] = "\x02h2\x08http/1.1";

/// Chooses the better one of those that the client speaks.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size,
                    void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, size, protocols, sizeof(protocols) - 1,
                            offered, offered_size)
      != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

/// Where a connection comes from; "" where the system cannot tell.
std::string address_of(int fd) {
  sockaddr_in from{};
  socklen_t size = sizeof(from);
  char text[INET_ADDRSTRLEN];
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&from), &size) != 0
      || from.sin_family != AF_INET
      || inet_ntop(AF_INET, &from.sin_addr, text, sizeof(text)) == nullptr)
    return {};
  return text;
}

/// Kubernetes: whoever shows a certificate that is no good is told so by the
/// answer, not by the handshake.
int accept_any(int, X509_STORE_CTX*) {
  return 1;
}

net::unique_fd open_spare() {
  return net::unique_fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
}

void set_up(int fd) {
  int on = 1;
  int quiet = 60; // seconds until a silent peer is asked whether it lives
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &quiet, sizeof(quiet));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &quiet, sizeof(quiet));
}

} // namespace

void https_edge::freed::operator()(SSL_CTX* x) const {
  SSL_CTX_free(x);
}

https_edge::https_edge(std::shared_ptr<net::loop> thread, https_limits limits)
    : thread_(std::move(thread)), limits_(limits), spare_(open_spare()) {
  // nop
}

https_edge::~https_edge() {
  thread_->run([this] {
    for (auto& p : places_)
      thread_->forget(p->watch);
    for (auto& [id, c] : std::exchange(open_, {}))
      c->abort();
  });
}

caf::error https_edge::prepare(const https_options& options) {
  credential_file_ = options.credential_file;
  authority_ = options.authority;
  mark_ = crypto::mark_of(credential_file_);
  auto read = read_context();
  if (!read)
    return read.error();
  context_ = std::move(*read);
  return caf::none;
}

expected<https_edge::context> https_edge::read_context() const {
  ERR_clear_error();
  context result{SSL_CTX_new(TLS_server_method())};
  auto* raw = result.get();
  auto* file = credential_file_.c_str();
  auto good = raw != nullptr
              && SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) == 1
              && SSL_CTX_use_certificate_chain_file(raw, file) == 1
              && SSL_CTX_use_PrivateKey_file(raw, file, SSL_FILETYPE_PEM) == 1;
  if (!good)
    return crypto::openssl_error("certificate of the API server");
  auto authority = crypto::read_certificate(authority_);
  if (!authority)
    return authority.error();
  // Clients that hold several certificates choose by this.
  SSL_CTX_add_client_CA(raw, authority->get());
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, accept_any);
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE
                            | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                            | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION
                               | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 0);
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
  return result;
}

/// Connections that are open keep what they began with.
void https_edge::refresh_context() {
  auto now = crypto::mark_of(credential_file_);
  if (now == mark_)
    return;
  // Said once for each state that the file is in.
  mark_ = now;
  if (auto fresh = read_context())
    context_ = std::move(*fresh);
  else
    spdlog::error("cannot read the certificate of the API server, the old one "
                  "serves on reason={}",
                  message_of(fresh.error()));
}

expected<net::endpoint> https_edge::open(const net::endpoint& at) {
  auto fd = net::open_listener(net::protocol::tcp, at, net::sharing::no);
  if (!fd)
    return fd.error();
  auto where = net::local_endpoint(fd->get());
  thread_->run([&] {
    auto p = std::make_unique<place>();
    p->fd = std::move(*fd);
    auto which = places_.size();
    if (tell_)
      p->watch = thread_->watch(p->fd.get(), EPOLLIN,
                                [this, which](uint32_t) { accept_all(which); });
    places_.push_back(std::move(p));
  });
  return where;
}

void https_edge::revoke(std::set<std::string> serials) {
  thread_->post([this, serials = std::move(serials)]() mutable {
    revoked_ = std::move(serials);
    std::vector<std::shared_ptr<https_connection>> over;
    for (auto& [id, c] : open_)
      if (is_revoked(c->serial()))
        over.push_back(c);
    for (auto& each : over)
      each->distrust(revoked_text);
  });
}

void https_edge::listen(on_connection tell) {
  thread_->post([this, tell = std::move(tell)]() mutable {
    for (auto& [id, c] : std::exchange(open_, {}))
      c->abort();
    tell_ = std::move(tell);
    for (size_t i = 0; i < places_.size(); ++i)
      if (places_[i]->watch == 0)
        places_[i]->watch =
            thread_->watch(places_[i]->fd.get(), EPOLLIN,
                           [this, i](uint32_t) { accept_all(i); });
  });
}

void https_edge::accept_all(size_t which) {
  auto& p = *places_[which];
  for (int i = 0; i < accepts_per_turn; ++i) {
    net::unique_fd fd{
        ::accept4(p.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (fd) {
      take(std::move(fd));
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED)
      continue;
    if (errno != EMFILE && errno != ENFILE)
      return;
    // Whoever waits would wake us for ever: one is turned away, then there is
    // a pause for others to finish.
    refuse_one(p.fd.get());
    thread_->pause(p.watch);
    thread_->after(accept_pause, [this, which] {
      thread_->change(places_[which]->watch, EPOLLIN);
    });
    return;
  }
}

void https_edge::refuse_one(int listener) {
  spare_.reset();
  net::unique_fd{::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)}.reset();
  spare_ = open_spare();
}

void https_edge::take(net::unique_fd fd) {
  if (open_.size() >= limits_.connections)
    return; // closed at once
  set_up(fd.get());
  refresh_context();
  auto id = ++last_;
  auto address = address_of(fd.get());
  auto c = https_connection::make(*this, id, std::move(fd), context_.get());
  if (!c)
    return;
  open_.emplace(id, c);
  addresses_.emplace(id, std::move(address));
  c->start();
}

void https_edge::ready(uint64_t connection) {
  auto i = open_.find(connection);
  if (i == open_.end() || !tell_)
    return;
  auto who = i->second->who();
  who.address = addresses_[connection];
  tell_(connection, std::move(who));
}

void https_edge::forget(uint64_t connection) {
  addresses_.erase(connection);
  open_.erase(connection);
}

template <class F>
void https_edge::with(uint64_t connection, F what) {
  thread_->post([this, connection, what = std::move(what)]() mutable {
    auto i = open_.find(connection);
    if (i == open_.end())
      return;
    auto kept = i->second;
    what(*kept);
  });
}

void https_edge::serve(uint64_t connection, on_event tell) {
  with(connection, [tell = std::move(tell)](https_connection& c) mutable {
    c.serve(std::move(tell));
  });
}

void https_edge::close(uint64_t connection) {
  with(connection, [](https_connection& c) { c.finish(); });
}

void https_edge::answer(uint64_t connection, uint64_t exchange,
                        response_head head, std::string body) {
  add_date(head, std::chrono::system_clock::now());
  with(connection, [exchange, head = std::move(head),
                    body = std::move(body)](https_connection& c) mutable {
    c.answer(exchange, std::move(head), std::move(body));
  });
}

void https_edge::begin(uint64_t connection, uint64_t exchange,
                       response_head head) {
  add_date(head, std::chrono::system_clock::now());
  with(connection,
       [exchange, head = std::move(head)](https_connection& c) mutable {
         c.begin(exchange, std::move(head));
       });
}

void https_edge::send(uint64_t connection, uint64_t exchange,
                      std::string piece) {
  with(connection,
       [exchange, piece = std::move(piece)](https_connection& c) mutable {
         c.send(exchange, std::move(piece));
       });
}

void https_edge::end(uint64_t connection, uint64_t exchange, bool broken) {
  with(connection,
       [exchange, broken](https_connection& c) { c.end(exchange, broken); });
}

void https_edge::upgrade(uint64_t connection, uint64_t exchange,
                         response_head head) {
  with(connection,
       [exchange, head = std::move(head)](https_connection& c) mutable {
         c.upgrade(exchange, std::move(head));
       });
}

void https_edge::allow(uint64_t connection, uint64_t exchange,
                       uint32_t pieces) {
  with(connection,
       [exchange, pieces](https_connection& c) { c.allow(exchange, pieces); });
}

} // namespace troupe::http
