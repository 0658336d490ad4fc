#include "runtime/transport/tls_session.hpp"

#include "runtime/crypto/openssl_handles.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <sys/socket.h>

namespace troupe {

namespace {

int most(size_t size) {
  return static_cast<int>(
      std::min<size_t>(size, std::numeric_limits<int>::max()));
}

/// As OpenSSL's own, but that a connection which the other side has closed
/// costs the connection and not the process.
int write_without_signal(BIO* bio, const char* bytes, int size) {
  int fd = -1;
  BIO_get_fd(bio, &fd);
  auto written = static_cast<int>(
      send(fd, bytes, static_cast<size_t>(size), MSG_NOSIGNAL));
  BIO_clear_retry_flags(bio);
  if (written <= 0 && BIO_sock_should_retry(written) != 0)
    BIO_set_retry_write(bio);
  return written;
}

using method_handle = crypto::handle<BIO_METHOD, BIO_meth_free>;

method_handle make_socket_method() {
  auto* usual = BIO_s_socket();
  method_handle result{BIO_meth_new(BIO_TYPE_SOCKET, "socket")};
  BIO_meth_set_create(result.get(), BIO_meth_get_create(usual));
  BIO_meth_set_destroy(result.get(), BIO_meth_get_destroy(usual));
  BIO_meth_set_ctrl(result.get(), BIO_meth_get_ctrl(usual));
  BIO_meth_set_read(result.get(), BIO_meth_get_read(usual));
  BIO_meth_set_puts(result.get(), BIO_meth_get_puts(usual));
  BIO_meth_set_write(result.get(), write_without_signal);
  return result;
}

/// The socket stays its owner's.
BIO* socket_bio(int fd) {
  static const auto method = make_socket_method();
  auto* bio = BIO_new(method.get());
  if (bio != nullptr)
    BIO_set_fd(bio, fd, BIO_NOCLOSE);
  return bio;
}

std::string serial_of(X509* certificate) {
  crypto::handle<BIGNUM, BN_free> number{
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr)};
  auto* text = number ? BN_bn2hex(number.get()) : nullptr;
  std::string result = text == nullptr ? "" : text;
  OPENSSL_free(text);
  for (auto& c : result)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

} // namespace

expected<tls_session>
tls_session::make(std::shared_ptr<const tls_context> context, socket fd,
                  side who) {
  ERR_clear_error();
  tls_session result;
  result.context_ = std::move(context);
  result.ssl_.reset(SSL_new(result.context_->openssl.get()));
  auto* ssl = result.ssl_.get();
  auto* bio = ssl == nullptr ? nullptr : socket_bio(fd);
  if (bio == nullptr)
    return crypto::openssl_error("TLS");
  SSL_set_bio(ssl, bio, bio);
  if (who == side::server) {
    SSL_set_accept_state(ssl);
    return result;
  }
  SSL_set_connect_state(ssl);
  auto protocol = alpn_of(actors_protocol);
  SSL_set_alpn_protos(ssl,
                      reinterpret_cast<const unsigned char*>(protocol.data()),
                      static_cast<unsigned>(protocol.size()));
  return result;
}

tls_session::state tls_session::greet() {
  ERR_clear_error();
  size_t none = 0;
  auto returned = SSL_do_handshake(ssl_.get());
  return returned == 1 ? state::success : outcome(returned, none);
}

std::string tls_session::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

expected<peer> tls_session::other_side() const {
  auto* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr)
    return make_error(ec::unauthorized, "it has no certificate");
  crypto::bio_handle text{BIO_new(BIO_s_mem())};
  if (!text || PEM_write_bio_X509(text.get(), certificate) != 1)
    return crypto::openssl_error("certificate of a peer");
  char* bytes = nullptr;
  auto size = BIO_get_mem_data(text.get(), &bytes);
  auto info = crypto::inspect_certificate({bytes, static_cast<size_t>(size)});
  if (!info)
    return std::move(info.error());
  if (info->who.user.empty())
    return make_error(ec::unauthorized, "its certificate names nobody");
  auto role = role_of(info->who);
  return peer{std::move(info->who), role, serial_of(certificate)};
}

void tls_session::say_goodbye() {
  ERR_clear_error();
  if (ready())
    SSL_shutdown(ssl_.get());
}

tls_session::state tls_session::read_some(size_t& result, void* buffer,
                                          size_t size) {
  result = 0;
  if (size == 0)
    return state::indeterminate;
  // The verdict on this call is made of what is in the thread's queue, also of
  // what another connection left there.
  ERR_clear_error();
  return outcome(SSL_read(ssl_.get(), buffer, most(size)), result);
}

tls_session::state tls_session::write_some(size_t& result, const void* buffer,
                                           size_t size) {
  result = 0;
  if (size == 0)
    return state::indeterminate;
  ERR_clear_error();
  return outcome(SSL_write(ssl_.get(), buffer, most(size)), result);
}

tls_session::state tls_session::outcome(int returned, size_t& result) {
  result = returned > 0 ? static_cast<size_t>(returned) : 0;
  if (returned > 0)
    return state::success;
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return state::indeterminate;
    default:
      return state::failure;
  }
}

} // namespace troupe
