#include "tests/bench/http/client.hpp"

#include "runtime/net/socket.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace troupe::bench {

namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "error: %s\n", why.c_str());
  std::exit(1);
}

struct freed {
  void operator()(SSL* x) const { SSL_free(x); }
  void operator()(SSL_CTX* x) const { SSL_CTX_free(x); }
  void operator()(BIO* x) const { BIO_free(x); }
  void operator()(X509* x) const { X509_free(x); }
  void operator()(EVP_PKEY* x) const { EVP_PKEY_free(x); }
};

template <class T>
using held = std::unique_ptr<T, freed>;

held<BIO> memory_of(const std::string& text) {
  return held<BIO>{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

bool same_name(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':')
    return false;
  for (size_t i = 0; i < name.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(line[i])) != name[i])
      return false;
  return true;
}

} // namespace

struct http_place::parts {
  held<SSL_CTX> context{SSL_CTX_new(TLS_client_method())};
  net::endpoint at;
  std::string host;
};

http_place::http_place(uint16_t port) : parts_(std::make_unique<parts>()) {
  parts_->at = {net::ipv4{INADDR_LOOPBACK}, port};
  parts_->host = "127.0.0.1";
}

http_place::http_place(const std::filesystem::path& kubeconfig)
    : parts_(std::make_unique<parts>()) {
  auto read = crypto::read_kubeconfig(kubeconfig);
  auto chosen = read ? crypto::choose(*read, {}) : read.error();
  if (!chosen)
    give_up(message_of(chosen.error()));
  auto& p = *parts_;
  std::string_view server = chosen->cluster.server;
  server.remove_prefix(
      std::min(server.size(), std::string_view{"https://"}.size()));
  auto at = net::parse_endpoint(std::string{server});
  if (!at)
    give_up(message_of(at.error()));
  p.at = *at;
  p.host = server;
  auto* raw = p.context.get();
  held<X509> authority{PEM_read_bio_X509(
      memory_of(chosen->cluster.authority).get(), nullptr, nullptr, nullptr)};
  held<X509> own{PEM_read_bio_X509(memory_of(chosen->user.certificate).get(),
                                   nullptr, nullptr, nullptr)};
  held<EVP_PKEY> key{PEM_read_bio_PrivateKey(memory_of(chosen->user.key).get(),
                                             nullptr, nullptr, nullptr)};
  if (!authority || !own || !key
      || X509_STORE_add_cert(SSL_CTX_get_cert_store(raw), authority.get()) != 1
      || SSL_CTX_use_certificate(raw, own.get()) != 1
      || SSL_CTX_use_PrivateKey(raw, key.get()) != 1)
    give_up("the kubeconfig has no usable certificates");
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_read_ahead(raw, 1);
}

http_place::~http_place() = default;

struct http_client::connection {
  int fd = -1;
  held<SSL> ssl;

  ~connection() {
    ssl.reset();
    if (fd >= 0)
      ::close(fd);
  }
};

http_client::http_client(const http_place& to)
    : c_(std::make_unique<connection>()), host_(to.parts_->host) {
  c_->fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = net::to_sockaddr(to.parts_->at);
  if (::connect(c_->fd, reinterpret_cast<sockaddr*>(&address), sizeof(address))
      != 0)
    give_up("cannot connect to " + host_);
  int on = 1;
  ::setsockopt(c_->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  c_->ssl.reset(SSL_new(to.parts_->context.get()));
  SSL_set_fd(c_->ssl.get(), c_->fd);
  if (SSL_connect(c_->ssl.get()) != 1)
    give_up("no TLS with " + host_);
}

http_client::~http_client() = default;

bool http_client::fill() {
  if (used_ > 0) {
    in_.erase(0, used_);
    used_ = 0;
  }
  std::array<char, 64u << 10> buffer;
  ERR_clear_error();
  auto got = SSL_read(c_->ssl.get(), buffer.data(), buffer.size());
  if (got <= 0)
    return false;
  in_.append(buffer.data(), static_cast<size_t>(got));
  return true;
}

std::string http_client::take_line() {
  for (;;) {
    auto end = in_.find("\r\n", used_);
    if (end != std::string::npos) {
      auto line = in_.substr(used_, end - used_);
      used_ = end + 2;
      return line;
    }
    if (!fill())
      give_up("the connection was closed by " + host_);
  }
}

std::string http_client::take(size_t size) {
  while (in_.size() - used_ < size)
    if (!fill())
      give_up("the connection was closed by " + host_);
  auto result = in_.substr(used_, size);
  used_ += size;
  return result;
}

int http_client::read_head(bool& chunked, size_t& length) {
  auto line = take_line();
  if (line.size() < 12)
    give_up("no HTTP from " + host_);
  auto status = std::atoi(line.c_str() + 9);
  while (!(line = take_line()).empty()) {
    if (same_name(line, "content-length"))
      length = std::strtoull(line.c_str() + 15, nullptr, 10);
    else if (same_name(line, "transfer-encoding"))
      chunked = true;
  }
  return status;
}

http_answer http_client::ask(std::string_view method, const std::string& path,
                             std::string_view body, std::string_view type,
                             std::string_view accept) {
  std::string out;
  out.reserve(256 + body.size());
  out.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: ");
  out.append(host_).append("\r\nAccept: ").append(accept);
  if (!body.empty()) {
    out.append("\r\nContent-Type: ").append(type);
    out.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  }
  out.append("\r\n\r\n").append(body);
  if (SSL_write(c_->ssl.get(), out.data(), static_cast<int>(out.size())) <= 0)
    give_up("cannot write to " + host_);
  http_answer result;
  bool chunked = false;
  size_t length = 0;
  result.status = read_head(chunked, length);
  if (!chunked) {
    result.body = take(length);
    return result;
  }
  for (;;) {
    auto size = std::strtoull(take_line().c_str(), nullptr, 16);
    result.body += take(size);
    take_line();
    if (size == 0)
      return result;
  }
}

void http_client::watch(const std::string& path) {
  auto out = "GET " + path + " HTTP/1.1\r\nHost: " + host_
             + "\r\nAccept: application/json\r\n\r\n";
  SSL_write(c_->ssl.get(), out.data(), static_cast<int>(out.size()));
  bool chunked = false;
  size_t length = 0;
  if (auto status = read_head(chunked, length); status != 200 || !chunked)
    give_up("no watch of " + path + ": " + std::to_string(status));
}

bool http_client::next_line(std::string& line) {
  for (;;) {
    auto end = pending_.find('\n', shown_);
    if (end != std::string::npos) {
      line.assign(pending_, shown_, end - shown_);
      shown_ = end + 1;
      return true;
    }
    pending_.erase(0, std::exchange(shown_, 0));
    // One chunk.
    size_t stop = 0;
    while ((stop = in_.find("\r\n", used_)) == std::string::npos)
      if (!fill())
        return false;
    auto size = std::strtoull(in_.c_str() + used_, nullptr, 16);
    used_ = stop + 2;
    while (in_.size() - used_ < size + 2)
      if (!fill())
        return false;
    if (size == 0)
      return false;
    pending_.append(in_, used_, size);
    used_ += size + 2;
  }
}

void http_client::hang_up() {
  ::shutdown(c_->fd, SHUT_RDWR);
}

} // namespace troupe::bench
