#include "runtime/system/join_call.hpp"

#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/openssl_handles.hpp"
#include "runtime/transport/outgoing_socket.hpp"
#include "runtime/transport/transport_limits.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <memory>
#include <poll.h>
#include <vector>

namespace troupe {

namespace {

using context_handle = crypto::handle<SSL_CTX, SSL_CTX_free>;
using ssl_handle = crypto::handle<SSL, SSL_free>;
using store_handle = crypto::handle<X509_STORE, X509_STORE_free>;
using verification_handle = crypto::handle<X509_STORE_CTX, X509_STORE_CTX_free>;

constexpr size_t length_bytes = 4;

caf::error no_server(const std::string& where, const std::string& why) {
  return make_error(ec::not_found,
                    "no Troupe server is at " + where + ": " + why);
}

/// One conversation.
class call {
public:
  call(std::string where, const patience& how_long)
      : where_(std::move(where)), how_long_(how_long) {
    // nop
  }

  caf::error greet(net::unique_fd fd);
  expected<std::string> certificates() const;
  expected<std::string> ask(const std::string& request);

private:
  template <class F>
  caf::error keep_at(F step);
  caf::error write(const std::string& bytes);
  caf::error read(std::string& bytes, size_t size);

  std::string where_;
  patience how_long_;
  net::unique_fd fd_;
  context_handle context_;
  ssl_handle ssl_;
};

/// Repeats `step`, OpenSSL's way, until it is done.
template <class F>
caf::error call::keep_at(F step) {
  while (true) {
    ERR_clear_error();
    auto returned = step();
    if (returned > 0)
      return caf::none;
    short events = POLLIN;
    switch (SSL_get_error(ssl_.get(), returned)) {
      case SSL_ERROR_WANT_READ:
        break;
      case SSL_ERROR_WANT_WRITE:
        events = POLLOUT;
        break;
      default:
        // Too many at once are turned away without a word.
        return make_error(ec::service_unavailable,
                          where_
                              + " turned us away: too many want to join, or "
                                "it is no server of a cluster");
    }
    if (!how_long_.wait(fd_.get(), events))
      return make_error(ec::service_unavailable,
                        where_ + " did not answer in time");
  }
}

caf::error call::greet(net::unique_fd fd) {
  fd_ = std::move(fd);
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!context_
      || SSL_CTX_set_min_proto_version(context_.get(), TLS1_3_VERSION) != 1)
    return crypto::openssl_error("TLS");
  ssl_.reset(SSL_new(context_.get()));
  auto* bio = ssl_ ? BIO_new_socket(fd_.get(), BIO_NOCLOSE) : nullptr;
  if (bio == nullptr)
    return crypto::openssl_error("TLS");
  SSL_set_bio(ssl_.get(), bio, bio);
  auto protocol = alpn_of(join_protocol);
  SSL_set_alpn_protos(ssl_.get(),
                      reinterpret_cast<const unsigned char*>(protocol.data()),
                      static_cast<unsigned>(protocol.size()));
  if (auto err = keep_at([this] { return SSL_connect(ssl_.get()); }))
    return err;
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &chosen, &size);
  if (std::string_view{reinterpret_cast<const char*>(chosen), size}
      != join_protocol)
    return no_server(where_, "it does not speak with who wants to join");
  return caf::none;
}

/// Returns what is wrong with a chain: it must lead from a server to an
/// authority that signs itself. Empty if nothing.
std::string check_chain(STACK_OF(X509) * chain) {
  auto count = sk_X509_num(chain);
  if (count < 2)
    return "it does not show its authority";
  store_handle store{X509_STORE_new()};
  verification_handle ctx{X509_STORE_CTX_new()};
  auto* leaf = sk_X509_value(chain, 0);
  if (!store || !ctx
      || X509_STORE_add_cert(store.get(), sk_X509_value(chain, count - 1)) != 1
      || X509_STORE_CTX_init(ctx.get(), store.get(), leaf, chain) != 1)
    return "its certificates cannot be read";
  X509_STORE_CTX_set_purpose(ctx.get(), X509_PURPOSE_SSL_SERVER);
  if (X509_verify_cert(ctx.get()) == 1)
    return {};
  auto code = X509_STORE_CTX_get_error(ctx.get());
  ERR_clear_error();
  return X509_verify_cert_error_string(code);
}

expected<std::string> call::certificates() const {
  auto* chain = SSL_get_peer_cert_chain(ssl_.get());
  if (chain == nullptr)
    return no_server(where_, "it has no certificate");
  if (auto why = check_chain(chain); !why.empty())
    return no_server(where_, why);
  crypto::bio_handle text{BIO_new(BIO_s_mem())};
  for (int i = 0; text && i < sk_X509_num(chain); ++i)
    PEM_write_bio_X509(text.get(), sk_X509_value(chain, i));
  char* bytes = nullptr;
  auto size = text ? BIO_get_mem_data(text.get(), &bytes) : 0;
  std::string result{bytes, static_cast<size_t>(size)};
  auto info = crypto::inspect_certificate(result);
  if (!info)
    return std::move(info.error());
  if (info->who.user != crypto::server_user)
    return no_server(where_, "it is " + info->who.user);
  return result;
}

caf::error call::write(const std::string& bytes) {
  // Partial writes are off: it is all or nothing.
  return keep_at([&] {
    return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  });
}

caf::error call::read(std::string& bytes, size_t size) {
  bytes.resize(size);
  for (size_t done = 0; done < size;) {
    int got = 0;
    if (auto err = keep_at([&] {
          return got = SSL_read(ssl_.get(), bytes.data() + done,
                                static_cast<int>(size - done));
        }))
      return err;
    done += static_cast<size_t>(got);
  }
  return caf::none;
}

expected<std::string> call::ask(const std::string& request) {
  std::string length(length_bytes, '\0');
  for (size_t i = 0; i < length_bytes; ++i)
    length[i] =
        static_cast<char>(request.size() >> (8 * (length_bytes - 1 - i)));
  if (auto err = write(length + request))
    return err;
  if (auto err = read(length, length_bytes))
    return err;
  size_t size = 0;
  for (unsigned char byte : length)
    size = size << 8 | byte;
  if (size > transport_limits{}.join_request)
    return no_server(where_, "its answer is too large");
  std::string answer;
  if (auto err = read(answer, size))
    return err;
  return answer;
}

} // namespace

expected<std::string>
join_call(const std::string& host, uint16_t port,
          const std::function<caf::error(const std::string&)>& check,
          const std::string& request, std::chrono::seconds patience) {
  if (request.empty() || request.size() > transport_limits{}.join_request)
    return make_error(ec::too_large, "a request to join has 64 KiB at most");
  class patience how_long {
    troupe::patience::clock::now() + patience
  };
  auto fd = connect_to(host, port, how_long);
  if (!fd)
    return std::move(fd.error());
  call conversation{host + ":" + std::to_string(port), how_long};
  if (auto err = conversation.greet(std::move(*fd)))
    return err;
  auto shown = conversation.certificates();
  if (!shown)
    return std::move(shown.error());
  if (auto err = check(*shown))
    return err;
  return conversation.ask(request);
}

} // namespace troupe
