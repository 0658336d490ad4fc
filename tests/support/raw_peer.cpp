#include "tests/support/raw_peer.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>

namespace troupe::test {

raw_peer::raw_peer(uint16_t port) {
  auto fd =
      net::start_connect(net::protocol::tcp, {net::ipv4{0x7f000001}, port});
  if (!fd)
    throw std::runtime_error(message_of(fd.error()));
  fd_ = std::move(*fd);
  if (!wait(POLLOUT, milliseconds(10'000))
      || net::connect_error(fd_.get()) != 0)
    throw std::runtime_error("nobody listens at " + std::to_string(port));
}

bool raw_peer::wait(short events, milliseconds patience) const {
  pollfd one{fd_.get(), events, 0};
  return poll(&one, 1, static_cast<int>(patience.count())) == 1;
}

bool raw_peer::greet(const secure_files& files, const std::string& protocol) {
  ERR_clear_error();
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!files.credential.empty()) {
    auto* path = files.credential.c_str();
    if (SSL_CTX_use_certificate_chain_file(context_.get(), path) != 1
        || SSL_CTX_use_PrivateKey_file(context_.get(), path, SSL_FILETYPE_PEM)
               != 1)
      throw std::runtime_error("no certificate in " + files.credential);
  }
  ssl_.reset(SSL_new(context_.get()));
  SSL_set_fd(ssl_.get(), fd_.get());
  auto offer = alpn_of(protocol.c_str());
  if (!protocol.empty())
    SSL_set_alpn_protos(ssl_.get(),
                        reinterpret_cast<const unsigned char*>(offer.data()),
                        static_cast<unsigned>(offer.size()));
  while (true) {
    auto returned = SSL_connect(ssl_.get());
    if (returned == 1)
      return true;
    auto why = SSL_get_error(ssl_.get(), returned);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
      return false;
    if (!wait(why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT,
              milliseconds(10'000)))
      return false;
  }
}

bool raw_peer::send(const std::string& bytes) {
  for (size_t sent = 0; sent < bytes.size();) {
    ERR_clear_error();
    auto size =
        static_cast<int>(std::min<size_t>(bytes.size() - sent, 1 << 20));
    auto done =
        ssl_
            ? SSL_write(ssl_.get(), bytes.data() + sent, size)
            : static_cast<int>(::send(fd_.get(), bytes.data() + sent,
                                      static_cast<size_t>(size), MSG_NOSIGNAL));
    if (done > 0)
      sent += static_cast<size_t>(done);
    else if (ssl_ && SSL_get_error(ssl_.get(), done) != SSL_ERROR_WANT_WRITE
             && SSL_get_error(ssl_.get(), done) != SSL_ERROR_WANT_READ)
      return false;
    else if (!wait(POLLOUT, milliseconds(1'000)))
      return false;
    else if (!ssl_ && errno != EAGAIN)
      return false;
  }
  return true;
}

/// Returns 0 for the end, -1 when nothing comes.
int raw_peer::read_some(char* to, int size, milliseconds patience) {
  auto end = std::chrono::steady_clock::now() + patience;
  while (true) {
    ERR_clear_error();
    auto got = ssl_ ? SSL_read(ssl_.get(), to, size)
                    : static_cast<int>(
                        recv(fd_.get(), to, static_cast<size_t>(size), 0));
    if (got > 0)
      return got;
    auto again = ssl_ ? SSL_get_error(ssl_.get(), got) == SSL_ERROR_WANT_READ
                      : got < 0 && errno == EAGAIN;
    if (!again)
      return 0;
    auto left = std::chrono::duration_cast<milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0 || !wait(POLLIN, left))
      return -1;
  }
}

std::string raw_peer::read(size_t size, milliseconds patience) {
  std::string result;
  std::array<char, 4096> bytes;
  while (result.size() < size) {
    auto most = std::min(bytes.size(), size - result.size());
    auto got = read_some(bytes.data(), static_cast<int>(most), patience);
    if (got <= 0)
      break;
    result.append(bytes.data(), static_cast<size_t>(got));
  }
  return result;
}

bool raw_peer::is_closed(milliseconds patience) {
  auto end = std::chrono::steady_clock::now() + patience;
  std::array<char, 4096> bytes;
  while (true) {
    auto left = std::chrono::duration_cast<milliseconds>(
        end - std::chrono::steady_clock::now());
    auto got = read_some(bytes.data(), static_cast<int>(bytes.size()),
                         std::max(left, milliseconds(0)));
    if (got == 0)
      return true;
    if (got < 0)
      return false;
  }
}

} // namespace troupe::test
