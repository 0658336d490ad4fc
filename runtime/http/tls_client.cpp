#include "runtime/http/tls_client.hpp"

#include <climits>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <utility>

namespace troupe::http {

namespace {

constexpr size_t read_size = 16u << 10; // one record of TLS

struct freed {
  void operator()(SSL* x) const { SSL_free(x); }
  void operator()(SSL_CTX* x) const { SSL_CTX_free(x); }
};

std::string last_problem() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
  return std::string{"tls: "} + text.data();
}

} // namespace

class tls_client::machine {
public:
  machine()
      : context_(SSL_CTX_new(TLS_client_method())),
        ssl(context_ ? SSL_new(context_.get()) : nullptr) {
    if (!ssl)
      return;
    in = BIO_new(BIO_s_mem());
    out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl.get(), in, out);
    SSL_set_connect_state(ssl.get());
    SSL_set_verify(ssl.get(), SSL_VERIFY_NONE, nullptr);
  }

  std::unique_ptr<SSL_CTX, freed> context_;
  std::unique_ptr<SSL, freed> ssl;
  BIO* in = nullptr;  ///< the SSL's
  BIO* out = nullptr; ///< the SSL's
};

tls_client::tls_client() : machine_(std::make_unique<machine>()) {
  if (!machine_->ssl)
    problem_ = "tls: no memory";
  else
    go_on();
}

tls_client::~tls_client() = default;
tls_client::tls_client(tls_client&&) noexcept = default;
tls_client& tls_client::operator=(tls_client&&) noexcept = default;

void tls_client::receive(std::string_view bytes) {
  if (!problem_.empty() || ended_)
    return;
  BIO_write(machine_->in, bytes.data(), static_cast<int>(bytes.size()));
  go_on();
}

void tls_client::write(std::string_view text) {
  if (!problem_.empty())
    return;
  unsaid_ += text;
  go_on();
}

std::string tls_client::take_output() {
  std::string out;
  if (!machine_->ssl)
    return out;
  auto size = BIO_ctrl_pending(machine_->out);
  out.resize(size);
  if (size > 0)
    BIO_read(machine_->out, out.data(), static_cast<int>(size));
  return out;
}

std::string tls_client::take_text() {
  return std::exchange(text_, {});
}

void tls_client::go_on() {
  auto* ssl = machine_->ssl.get();
  ERR_clear_error();
  if (!SSL_is_init_finished(ssl)) {
    auto result = SSL_do_handshake(ssl);
    if (result != 1) {
      if (SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ)
        problem_ = last_problem();
      return;
    }
  }
  while (!unsaid_.empty()) {
    auto part = std::min<size_t>(unsaid_.size(), INT_MAX);
    auto sent = SSL_write(ssl, unsaid_.data(), static_cast<int>(part));
    if (sent <= 0)
      break; // it wants to hear something first
    unsaid_.erase(0, static_cast<size_t>(sent));
  }
  std::array<char, read_size> buffer;
  for (;;) {
    auto got = SSL_read(ssl, buffer.data(), static_cast<int>(buffer.size()));
    if (got > 0) {
      text_.append(buffer.data(), static_cast<size_t>(got));
      continue;
    }
    auto why = SSL_get_error(ssl, got);
    ended_ = why == SSL_ERROR_ZERO_RETURN;
    if (!ended_ && why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
      problem_ = last_problem();
    return;
  }
}

} // namespace troupe::http
