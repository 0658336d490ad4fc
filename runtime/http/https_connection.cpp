#include "runtime/http/https_connection.hpp"

#include "messages/api/meta.pb.h"
#include "runtime/crypto/certificate.hpp"
#include "runtime/crypto/openssl_handles.hpp"
#include "runtime/crypto/signing_request.hpp"
#include "runtime/http/answer_body.hpp"
#include "runtime/http/api_route.hpp"
#include "runtime/http/date_header.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace troupe::http {

namespace {

constexpr size_t read_size = 16u << 10; // one record of TLS
constexpr int reads_per_turn = 8;
/// HTTP/2: what is taken at a time for the client.
constexpr size_t write_size = 64u << 10;
/// Whoever has connected is to ask for something sooner than one who has asked
/// before.
constexpr std::chrono::seconds first_patience{30};
/// A client that goes on with what was refused is heard out so far.
constexpr size_t most_lingered = 64u << 20;

/// The certificate that the client showed as PEM; "" when it showed none.
std::string shown_certificate(SSL* ssl) {
  crypto::certificate_handle shown{SSL_get1_peer_certificate(ssl)};
  if (!shown)
    return {};
  crypto::bio_handle memory{BIO_new(BIO_s_mem())};
  if (!memory || PEM_write_bio_X509(memory.get(), shown.get()) != 1)
    return {};
  char* text = nullptr;
  auto size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<size_t>(size)};
}

/// Kubernetes: what is only passed on may be of any size.
bool comes_in_pieces(const request& what) {
  return is_proxied_target(what.target);
}

request_limits streaming_limits() {
  request_limits out;
  out.in_pieces = comes_in_pieces;
  return out;
}

} // namespace

std::shared_ptr<https_connection> https_connection::make(https_edge& edge,
                                                         uint64_t id,
                                                         net::unique_fd fd,
                                                         SSL_CTX* context) {
  auto out = std::make_shared<https_connection>(edge, id, std::move(fd));
  out->ssl_.reset(SSL_new(context));
  if (!out->ssl_ || SSL_set_fd(out->ssl_.get(), out->fd_.get()) != 1)
    return nullptr;
  SSL_set_accept_state(out->ssl_.get());
  return out;
}

https_connection::https_connection(https_edge& edge, uint64_t id,
                                   net::unique_fd fd)
    : edge_(edge), id_(id), fd_(std::move(fd)), parser_(streaming_limits()) {
  // nop
}

// -- life ---------------------------------------------------------------------

void https_connection::start() {
  watch_ = edge_.thread().watch(fd_.get(), EPOLLIN,
                                [me = weak_from_this()](uint32_t events) {
                                  if (auto self = me.lock())
                                    self->on_ready(events);
                                });
  if (watch_ == 0)
    return abort();
  touch();
}

void https_connection::serve(http_edge::on_event tell) {
  tell_ = std::move(tell);
  touch();
  if (second_)
    pump();
  else
    take_requests();
  if (phase_ == phase::closed)
    return;
  read_some();
  wait();
}

void https_connection::finish() {
  if (second_ && !finishing_) {
    second_->finish();
    pump();
  }
  finishing_ = true;
  if (phase_ == phase::closed || phase_ == phase::lingering || !out_.empty())
    return;
  if (lingering_)
    begin_linger();
  else
    abort();
}

void https_connection::abort() {
  if (phase_ == phase::closed)
    return;
  auto kept = shared_from_this();
  if (phase_ == phase::serving || phase_ == phase::raw) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  phase_ = phase::closed;
  edge_.thread().cancel(timer_);
  edge_.thread().forget(watch_);
  fd_.reset();
  out_.clear();
  if (tell_) {
    event last;
    last.kind = event::type::closed;
    std::exchange(tell_, nullptr)(std::move(last));
  }
  edge_.forget(id_);
}

https_connection::term https_connection::present_term() const {
  auto& limits = edge_.limits();
  constexpr auto for_ever = std::chrono::seconds::max();
  if (phase_ == phase::handshake)
    return {since_, limits.handshake};
  if (!out_.empty() || phase_ == phase::lingering)
    return {since_, limits.stall};
  if (second_) {
    // Each stream has its own time, whatever others of the connection do.
    if (auto begun = second_->waits_since())
      return {*begun, limits.request};
    if (auto stalled = second_->stalled_since())
      return {*stalled, limits.stall};
    return {since_, second_->open() > 0 ? for_ever
                    : asked_            ? limits.idle
                             : std::min(limits.idle, first_patience)};
  }
  if (phase_ == phase::raw || now_.exchange != 0)
    return {since_, for_ever}; // as long as the answer takes
  return {since_, parser_.begun() ? limits.request
                  : asked_        ? limits.idle
                                  : std::min(limits.idle, first_patience)};
}

/// Something has gone on, or another state begins.
void https_connection::touch() {
  since_ = net::loop::clock::now();
  watch_time();
}

void https_connection::watch_time() {
  auto now = present_term();
  if (phase_ == phase::closed || now.patience == std::chrono::seconds::max())
    return;
  // One that comes too early looks again; so states that change often cost no
  // timer each.
  auto due = now.since + now.patience;
  if (timer_ != 0 && timer_due_ <= due)
    return;
  edge_.thread().cancel(timer_);
  timer_due_ = due;
  auto left = timer_due_ - net::loop::clock::now();
  timer_ = edge_.thread().after(left, [me = weak_from_this()] {
    auto self = me.lock();
    if (!self)
      return;
    self->timer_ = 0;
    auto lasts = self->present_term();
    if (lasts.patience != std::chrono::seconds::max()
        && net::loop::clock::now() >= lasts.since + lasts.patience)
      self->end_term();
    else
      self->watch_time();
  });
}

/// What lasts has lasted too long.
void https_connection::end_term() {
  auto only_a_stream = second_ && phase_ == phase::serving && out_.empty()
                       && !second_->waits_since() && second_->stalled_since();
  if (!only_a_stream)
    return abort();
  second_->drop_stalled(net::loop::clock::now() - edge_.limits().stall);
  pump();
}

// -- TLS ----------------------------------------------------------------------

bool https_connection::failed(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return false;
    case SSL_ERROR_WANT_WRITE:
      wants_write_ = true;
      return false;
    default:
      return true;
  }
}

void https_connection::on_ready(uint32_t events) {
  auto kept = shared_from_this();
  // Who is gone is not found out by reading while nothing may be read.
  auto open = phase_ == phase::serving || phase_ == phase::raw;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0 && open && !may_read())
    return abort();
  wants_write_ = false;
  write_blocked_ = false;
  if (phase_ == phase::handshake)
    shake_hands();
  if (phase_ == phase::lingering)
    linger();
  if (phase_ != phase::serving && phase_ != phase::raw)
    return wait();
  write_some();
  if (second_ && phase_ == phase::serving)
    pump();
  if (phase_ != phase::closed)
    read_some();
  wait();
}

void https_connection::shake_hands() {
  ERR_clear_error();
  auto result = SSL_do_handshake(ssl_.get());
  if (result != 1) {
    if (failed(result))
      abort();
    return;
  }
  phase_ = phase::serving;
  learn_peer();
  choose_protocol();
  touch();
  edge_.ready(id_);
}

void https_connection::learn_peer() {
  auto shown = shown_certificate(ssl_.get());
  if (shown.empty())
    return;
  auto who = crypto::check_certificate(edge_.authority(), shown,
                                       std::chrono::system_clock::now());
  if (!who) {
    who_.problem = message_of(who.error());
    return;
  }
  auto serial = crypto::serial_of(shown);
  if (!serial || edge_.is_revoked(*serial)) {
    who_.problem = revoked_text;
    return;
  }
  if (auto says = crypto::inspect_certificate(shown))
    who_.until = says->not_after;
  serial_ = std::move(*serial);
  who_.user = who->user;
  who_.groups = who->groups;
}

void https_connection::distrust(const std::string& why) {
  serial_.clear();
  if (!tell_)
    return abort();
  event x;
  x.kind = event::type::distrusted;
  x.bytes = why;
  tell_(std::move(x));
}

void https_connection::choose_protocol() {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  if (std::string_view{reinterpret_cast<const char*>(name), size} == "h2")
    second_ = std::make_unique<http2_session>(http2_limits{streaming_limits()});
}

/// Waits for what is needed next, and for nothing else.
void https_connection::wait() {
  if (phase_ == phase::closed)
    return;
  uint32_t events = 0;
  if (phase_ == phase::handshake || phase_ == phase::lingering || may_read())
    events |= EPOLLIN;
  if (wants_write_ || write_blocked_)
    events |= EPOLLOUT;
  edge_.thread().change(watch_, events);
}

bool https_connection::may_read() const {
  if (!tell_ || end_seen_ || finishing_)
    return false;
  if (phase_ == phase::raw)
    return allowed_ > 0;
  if (second_)
    return out_.empty();
  if (parser_.in_body())
    return allowed_ > 0;
  return now_.exchange == 0 || parser_.waiting() < edge_.limits().ahead;
}

void https_connection::read_some() {
  std::array<char, read_size> buffer;
  for (int i = 0; i < reads_per_turn && may_read(); ++i) {
    ERR_clear_error();
    auto got = SSL_read(ssl_.get(), buffer.data(), buffer.size());
    if (got > 0) {
      take_bytes({buffer.data(), static_cast<size_t>(got)});
      continue;
    }
    if (failed(got))
      abort(); // also an orderly end: nobody listens to answers any more
    return;
  }
  // What OpenSSL holds already does not wake us.
  if (may_read() && SSL_pending(ssl_.get()) > 0)
    edge_.thread().post([me = weak_from_this()] {
      if (auto self = me.lock())
        self->on_ready();
    });
}

// -- requests -----------------------------------------------------------------

/// HTTP/2: tells what has happened, and writes what there is to say.
void https_connection::pump() {
  auto kept = shared_from_this();
  auto hear = [this] {
    for (auto& x : second_->take_events()) {
      asked_ = true;
      if (tell_)
        tell_(std::move(x));
    }
  };
  hear();
  while (phase_ == phase::serving && out_.empty()) {
    auto bytes = second_->output(write_size, net::loop::clock::now());
    hear();
    if (bytes.empty())
      break;
    out_.push_back({std::move(bytes), 0});
    if (write_blocked_)
      break;
    write_some();
  }
  if (phase_ != phase::serving)
    return;
  // Why it is over the client is to hear, whatever it says meanwhile.
  if (second_->is_over() && out_.empty())
    return begin_linger();
  watch_time();
  wait();
}

void https_connection::take_bytes(std::string_view bytes) {
  if (second_) {
    touch();
    second_->take(bytes, net::loop::clock::now());
    return pump();
  }
  if (phase_ == phase::raw) {
    --allowed_;
    event x;
    x.kind = event::type::data;
    x.exchange = now_.exchange;
    x.bytes = bytes;
    tell_(std::move(x));
    return;
  }
  if (!parser_.begun() && now_.exchange == 0)
    touch();
  parser_.add(bytes);
  if (parser_.in_body())
    return pass_body();
  take_requests();
  // What has begun has less time than what may begin.
  watch_time();
}

/// Passes on what is there of a body that streams, as far as it is allowed.
void https_connection::pass_body() {
  while (parser_.in_body() && allowed_ > 0 && tell_) {
    event x;
    x.kind = event::type::data;
    x.exchange = now_.exchange;
    switch (parser_.next_piece(x.bytes)) {
      case request_parser::outcome::incomplete:
        return;
      case request_parser::outcome::refused:
        // It may be answered already; what follows cannot be understood.
        return now_.begun ? abort() : refuse();
      case request_parser::outcome::ready:
        --allowed_;
        break;
      case request_parser::outcome::ended:
        break;
    }
    tell_(std::move(x));
  }
}

void https_connection::take_requests() {
  if (now_.exchange != 0 || phase_ != phase::serving || !tell_ || finishing_)
    return;
  event x;
  switch (parser_.next(x.what)) {
    case request_parser::outcome::ended: // of a body, which comes elsewhere
    case request_parser::outcome::incomplete:
      if (parser_.take_expectation())
        put("HTTP/1.1 100 Continue\r\n\r\n");
      return;
    case request_parser::outcome::refused:
      return refuse();
    case request_parser::outcome::ready:
      break;
  }
  now_ = {};
  now_.exchange = x.exchange = ++last_exchange_;
  now_.head_only = x.what.method == "HEAD";
  now_.keep_alive = x.what.keep_alive;
  now_.old = x.what.version < 11;
  x.streams = parser_.in_body();
  allowed_ = 0;
  asked_ = true;
  x.kind = event::type::request;
  tell_(std::move(x));
}

void https_connection::refuse() {
  auto& why = parser_.refusal();
  auto status = to_status(
      make_error(why.status == 413 ? ec::too_large : ec::bad_request,
                 std::string{reason_phrase(why.status)} + ": " + why.message));
  status.set_code(why.status);
  response_head head{why.status, {{"Content-Type", "application/json"}}};
  add_date(head, std::chrono::system_clock::now());
  auto body = encode_status(status, {});
  // Of a body that streams whoever serves it hears that it never ends.
  if (now_.exchange != 0 && tell_) {
    event x;
    x.kind = event::type::abandoned;
    x.exchange = std::exchange(now_, {}).exchange;
    tell_(std::move(x));
  }
  finishing_ = true;
  lingering_ = true;
  put(to_text(head, framing::length, body.size(), false) + body);
}

/// Says no more, and lets the client say the rest of what it had begun with: a
/// connection that is closed before would take the answer along.
void https_connection::begin_linger() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ::shutdown(fd_.get(), SHUT_WR);
  phase_ = phase::lingering;
  touch();
  wait();
}

void https_connection::linger() {
  std::array<char, read_size> buffer;
  for (int i = 0; i < reads_per_turn; ++i) {
    auto got = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    lingered_ += static_cast<size_t>(std::max<ssize_t>(got, 0));
    if (got <= 0 || lingered_ > most_lingered)
      return abort();
  }
}

bool https_connection::is_present(uint64_t exchange) const {
  return phase_ != phase::closed && exchange != 0 && exchange == now_.exchange;
}

} // namespace troupe::http
