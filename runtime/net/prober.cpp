#include "runtime/net/prober.hpp"

#include "runtime/net/http_head.hpp"
#include "runtime/net/socket.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netdb.h>
#include <optional>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <thread>

namespace troupe::net {

namespace {

constexpr auto user_agent = "kube-probe/1.36";
constexpr int most_redirects = 10;

struct free_ssl {
  void operator()(SSL* x) const { SSL_free(x); }
  void operator()(SSL_CTX* x) const { SSL_CTX_free(x); }
};

std::string reason_of(int code) {
  std::string out = std::strerror(code);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return out;
}

bool same_word(std::string a, std::string b) {
  for (auto* x : {&a, &b})
    std::transform(x->begin(), x->end(), x->begin(),
                   [](unsigned char c) { return std::tolower(c); });
  return a == b;
}

bool has_header(const probe_request& x, const char* name) {
  return std::any_of(x.headers.begin(), x.headers.end(), [&](auto& header) {
    return same_word(header.first, name);
  });
}

std::optional<ipv4> resolve(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_family = AF_INET;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0)
    return std::nullopt;
  auto out = from_sockaddr(*reinterpret_cast<sockaddr_in*>(found->ai_addr));
  ::freeaddrinfo(found);
  return out.address;
}

std::string request_for(const probe_request& x, const http_url& url) {
  auto out = "GET " + url.path + " HTTP/1.1\r\n";
  if (!has_header(x, "host"))
    out += "Host: " + url.authority() + "\r\n";
  if (!has_header(x, "user-agent"))
    out += std::string{"User-Agent: "} + user_agent + "\r\n";
  if (!has_header(x, "accept"))
    out += "Accept: */*\r\n";
  for (auto& [name, value] : x.headers)
    // An empty User-Agent or Accept takes the default away.
    if (!value.empty()
        || !(same_word(name, "accept") || same_word(name, "user-agent")))
      out += name + ": " + value + "\r\n";
  return out + "Connection: close\r\n\r\n";
}

} // namespace

/// One probe, from the first dial to its word.
class prober::attempt : public std::enable_shared_from_this<attempt> {
public:
  attempt(loop& on, std::shared_ptr<way_back> back, probe_request what,
          done tell)
      : loop_(on),
        back_(std::move(back)),
        spec_(std::move(what)),
        tell_(std::move(tell)) {
    url_.tls = spec_.kind == probe_request::form::https;
    url_.host = spec_.address;
    url_.port = std::to_string(spec_.port);
    url_.path = spec_.path.empty() || spec_.path.front() != '/'
                    ? "/" + spec_.path
                    : spec_.path;
  }

  void begin() {
    port_ = spec_.port;
    timer_ = loop_.after(spec_.timeout,
                         [self = shared_from_this()] { self->time_over(); });
    dial();
  }

  void abandon() {
    tell_ = {};
    close();
    loop_.cancel(timer_);
  }

private:
  enum class step { connecting, handshake, sending, receiving };

  bool set_port() {
    auto place = parse_endpoint("0.0.0.0:" + url_.port);
    port_ = place ? place->port : 0;
    return static_cast<bool>(place);
  }

  void dial() {
    close();
    step_ = step::connecting;
    if (!address_)
      return look_up();
    endpoint to{*address_, port_};
    auto fd = start_connect(protocol::tcp, to);
    if (!fd)
      return dial_failed(message_of(fd.error()));
    fd_ = std::move(*fd);
    watch_ =
        loop_.watch(fd_.get(), EPOLLOUT,
                    [self = shared_from_this()](uint32_t) { self->go_on(); });
    if (watch_ == 0)
      dial_failed("no descriptor left to wait with");
  }

  void look_up() {
    if (auto literal = parse_ipv4(url_.host)) {
      address_ = *literal;
      return dial();
    }
    // Asking may block for long, so nobody waits for this thread: it comes
    // back if there is still somebody.
    std::thread{[back = back_, host = url_.host, weak = weak_from_this()] {
      auto found = resolve(host);
      std::lock_guard guard{back->mutex};
      if (back->to)
        back->to->post([weak, found] {
          if (auto self = weak.lock())
            self->looked_up(found);
        });
    }}.detach();
  }

  void looked_up(std::optional<ipv4> found) {
    if (!tell_)
      return;
    if (!found)
      return fail("dial tcp: lookup " + url_.host + ": no such host");
    address_ = found;
    dial();
  }

  void go_on() {
    if (step_ == step::connecting && !connected())
      return;
    if (step_ == step::handshake && !shake_hands())
      return;
    if (step_ == step::sending && !send())
      return;
    if (step_ == step::receiving)
      receive();
  }

  bool connected() {
    if (auto code = connect_error(fd_.get()); code != 0) {
      dial_failed("connect: " + reason_of(code));
      return false;
    }
    if (spec_.kind == probe_request::form::tcp) {
      finish({true, ""});
      return false;
    }
    request_ = request_for(spec_, url_);
    sent_ = 0;
    answer_.clear();
    step_ = url_.tls ? step::handshake : step::sending;
    return true;
  }

  bool shake_hands() {
    if (!ssl_) {
      context_.reset(SSL_CTX_new(TLS_client_method()));
      ssl_.reset(context_ ? SSL_new(context_.get()) : nullptr);
      if (!ssl_ || SSL_set_fd(ssl_.get(), fd_.get()) != 1) {
        fail("cannot speak TLS");
        return false;
      }
    }
    auto result = SSL_connect(ssl_.get());
    if (result == 1) {
      step_ = step::sending;
      return true;
    }
    if (!wait_for_tls(result))
      fail("tls: handshake failed: " + tls_reason());
    return false;
  }

  /// Returns whether TLS only needs to wait, and waits.
  bool wait_for_tls(int result) {
    auto why = SSL_get_error(ssl_.get(), result);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
      return false;
    loop_.change(watch_, why == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT);
    return true;
  }

  static std::string tls_reason() {
    auto code = ERR_get_error();
    auto* reason = code ? ERR_reason_error_string(code) : nullptr;
    ERR_clear_error();
    return reason ? reason : "EOF";
  }

  bool send() {
    auto left = request_.size() - sent_;
    auto* data = request_.data() + sent_;
    auto count = url_.tls ? SSL_write(ssl_.get(), data, static_cast<int>(left))
                          : ::send(fd_.get(), data, left, MSG_NOSIGNAL);
    if (count <= 0) {
      if (url_.tls ? !wait_for_tls(static_cast<int>(count)) : errno != EAGAIN)
        fail(url_.tls ? tls_reason() : "write: " + reason_of(errno));
      return false;
    }
    sent_ += static_cast<size_t>(count);
    if (sent_ < request_.size()) {
      loop_.change(watch_, EPOLLOUT);
      return false;
    }
    step_ = step::receiving;
    loop_.change(watch_, EPOLLIN);
    return true;
  }

  void receive() {
    std::array<char, 4096> buffer;
    while (true) {
      auto count = url_.tls
                       ? SSL_read(ssl_.get(), buffer.data(), buffer.size())
                       : ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
      if (count <= 0) {
        if (url_.tls ? wait_for_tls(static_cast<int>(count))
                     : count < 0 && errno == EAGAIN)
          return;
        return fail(count == 0 || url_.tls ? "EOF"
                                           : "read: " + reason_of(errno));
      }
      answer_.append(buffer.data(), static_cast<size_t>(count));
      auto head = parse_http_head(answer_);
      if (!head)
        return fail(message_of(head.error()));
      if (*head)
        return judge(**head);
    }
  }

  void judge(const http_head& head) {
    auto redirect = head.status == 301 || head.status == 302
                    || head.status == 303 || head.status == 307
                    || head.status == 308;
    if (redirect) {
      auto next = resolve_location(url_, head.location);
      if (!next)
        return fail("response has no usable Location header");
      if (next->host != url_.host)
        return finish({true, "probe terminated redirects, response: "
                                 + std::to_string(head.status)});
      if (++redirects_ > most_redirects)
        return fail("stopped after 10 redirects");
      url_ = std::move(*next);
      if (!set_port())
        return fail("invalid port in the Location header");
      return dial();
    }
    if (head.status >= 200 && head.status < 400)
      return finish({true, ""});
    finish({false, "HTTP probe failed with statuscode: "
                       + std::to_string(head.status)});
  }

  void time_over() {
    timer_ = 0;
    if (spec_.kind == probe_request::form::tcp || step_ == step::connecting)
      return dial_failed("i/o timeout");
    fail("context deadline exceeded (Client.Timeout exceeded while awaiting "
         "headers)");
  }

  void dial_failed(const std::string& reason) {
    fail("dial tcp " + url_.authority() + ": " + reason);
  }

  void fail(const std::string& reason) {
    finish({false, spec_.kind == probe_request::form::tcp
                       ? reason
                       : "Get \"" + url_.text() + "\": " + reason});
  }

  void finish(probe_result result) {
    loop_.cancel(timer_);
    close();
    if (auto tell = std::exchange(tell_, {}))
      tell(std::move(result));
  }

  void close() {
    loop_.forget(watch_);
    watch_ = 0;
    ssl_.reset();
    fd_.reset();
  }

  loop& loop_;
  std::shared_ptr<way_back> back_;
  probe_request spec_;
  done tell_;
  http_url url_;
  std::optional<ipv4> address_;
  uint16_t port_ = 0;
  step step_ = step::connecting;
  unique_fd fd_;
  std::unique_ptr<SSL_CTX, free_ssl> context_;
  std::unique_ptr<SSL, free_ssl> ssl_;
  uint64_t watch_ = 0;
  uint64_t timer_ = 0;
  int redirects_ = 0;
  std::string request_;
  size_t sent_ = 0;
  std::string answer_;
};

prober::prober(loop& on) : loop_(on) {
  way_back_->to = &on;
}

prober::~prober() {
  {
    std::lock_guard guard{way_back_->mutex};
    way_back_->to = nullptr;
  }
  loop_.run([this] {
    for (auto& x : std::exchange(attempts_, {}))
      x->abandon();
  });
}

void prober::probe(probe_request request, done tell) {
  loop_.post(
      [this, request = std::move(request), tell = std::move(tell)]() mutable {
        // The attempt is kept here while it lasts, and found by its own
        // address.
        auto self = std::make_shared<std::weak_ptr<attempt>>();
        auto x = std::make_shared<attempt>(
            loop_, way_back_, std::move(request),
            [this, self, tell = std::move(tell)](probe_result result) {
              attempts_.erase(self->lock());
              tell(std::move(result));
            });
        *self = x;
        attempts_.insert(x);
        x->begin();
      });
}

} // namespace troupe::net
