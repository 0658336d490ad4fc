#include "runtime/system/tls_stream.hpp"

#include "runtime/crypto/openssl_handles.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <limits>
#include <sys/socket.h>

namespace troupe {

namespace {

namespace net = caf::io::network;

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

} // namespace

expected<tls_session> tls_session::make(const secure_files& files, socket fd,
                                        side who) {
  ERR_clear_error();
  tls_session result;
  result.context_.reset(SSL_CTX_new(TLS_method()));
  auto* context = result.context_.get();
  auto good =
      context != nullptr
      && SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1
      && SSL_CTX_use_certificate_chain_file(context, files.credential.c_str())
             == 1
      && SSL_CTX_use_PrivateKey_file(context, files.credential.c_str(),
                                     SSL_FILETYPE_PEM)
             == 1
      && SSL_CTX_load_verify_locations(context, files.authority.c_str(),
                                       nullptr)
             == 1;
  if (!good)
    return crypto::openssl_error("certificates of the network");
  // Nobody comes in without a certificate of the authority, on either side.
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE
                                | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_num_tickets(context, 0);
  result.ssl_.reset(SSL_new(context));
  auto* ssl = result.ssl_.get();
  auto* bio = ssl == nullptr ? nullptr : socket_bio(fd);
  if (bio == nullptr)
    return crypto::openssl_error("TLS");
  SSL_set_bio(ssl, bio, bio);
  if (who == side::client)
    SSL_set_connect_state(ssl);
  else
    SSL_set_accept_state(ssl);
  return result;
}

void tls_session::greet() {
  ERR_clear_error();
  // What comes of it is seen by whoever reads.
  SSL_do_handshake(ssl_.get());
}

tls_session::state tls_session::read_some(size_t& result, socket, void* buffer,
                                          size_t size) {
  if (size == 0)
    return state::indeterminate;
  // The verdict on this call is made of what is in the thread's queue, also of
  // what another connection left there.
  ERR_clear_error();
  return outcome(SSL_read(ssl_.get(), buffer, most(size)), result);
}

tls_session::state tls_session::write_some(size_t& result, socket,
                                           const void* buffer, size_t size) {
  if (size == 0)
    return state::indeterminate;
  ERR_clear_error();
  return outcome(SSL_write(ssl_.get(), buffer, most(size)), result);
}

bool tls_session::must_read_more(socket, size_t threshold) {
  return SSL_pending(ssl_.get()) >= most(threshold);
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

// -- stream -------------------------------------------------------------------

tls_scribe::stream::stream(net::default_multiplexer& loop,
                           net::native_socket fd, tls_session with,
                           tls_scribe& owner)
    : net::stream(loop, fd), session(std::move(with)), owner_(owner) {
  // nop
}

void tls_scribe::stream::handle_event(net::operation op) {
  handle_event_impl(op, session);
  if (owner_.held_ && session.ready())
    owner_.flush();
}

// -- scribe -------------------------------------------------------------------

tls_scribe::tls_scribe(net::default_multiplexer& loop, net::native_socket fd,
                       tls_session session)
    : caf::io::scribe(net::conn_hdl_from_socket(fd)),
      stream_(loop, fd, std::move(session), *this) {
  // nop
}

void tls_scribe::configure_read(caf::io::receive_policy::config config) {
  stream_.configure_read(config);
  if (launched_)
    return;
  launched_ = true;
  stream_.start(this);
}

void tls_scribe::ack_writes(bool enable) {
  stream_.ack_writes(enable);
}

void tls_scribe::flush() {
  // A socket that is waited for until it can be written to is always ready
  // before anything may be written.
  held_ = !stream_.session.ready();
  if (!held_)
    stream_.flush(this);
}

void tls_scribe::graceful_shutdown() {
  stream_.graceful_shutdown();
  detach(&stream_.backend(), false);
}

std::string tls_scribe::addr() const {
  auto found = net::remote_addr_of_fd(stream_.fd());
  return found ? *found : std::string{};
}

uint16_t tls_scribe::port() const {
  auto found = net::remote_port_of_fd(stream_.fd());
  return found ? *found : uint16_t{0};
}

void tls_scribe::add_to_loop() {
  stream_.activate(this);
}

void tls_scribe::remove_from_loop() {
  stream_.passivate();
}

} // namespace troupe
