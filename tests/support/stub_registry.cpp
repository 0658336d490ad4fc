#include "tests/support/stub_registry.hpp"

#include "runtime/images/digest.hpp"

#include <arpa/inet.h>
#include <cctype>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::images {

namespace {

bool read_request(int fd, stub_request& out) {
  std::string text;
  char buffer[4096];
  size_t end;
  while ((end = text.find("\r\n\r\n")) == text.npos) {
    auto n = recv(fd, buffer, sizeof(buffer), 0);
    if (n <= 0)
      return false;
    text.append(buffer, static_cast<size_t>(n));
  }
  auto line = text.substr(0, text.find("\r\n"));
  out.method = line.substr(0, line.find(' '));
  auto path = line.find(' ') + 1;
  out.path = line.substr(path, line.find(' ', path) - path);
  for (auto at = line.size() + 2; at < end;) {
    auto stop = text.find("\r\n", at);
    auto header = text.substr(at, stop - at);
    auto colon = header.find(": ");
    auto name = header.substr(0, colon);
    for (auto& c : name)
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    out.headers[name] = colon == header.npos ? "" : header.substr(colon + 2);
    at = stop + 2;
  }
  out.body = text.substr(end + 4);
  auto size = static_cast<size_t>(atoi(out.headers["content-length"].c_str()));
  while (out.body.size() < size) {
    auto n = recv(fd, buffer, sizeof(buffer), 0);
    if (n <= 0)
      return false;
    out.body.append(buffer, static_cast<size_t>(n));
  }
  return true;
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    auto n = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (n <= 0)
      return;
    text.remove_prefix(static_cast<size_t>(n));
  }
}

} // namespace

stub_registry::stub_registry() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(at);
  EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&at), size), 0);
  EXPECT_EQ(listen(listener_, 64), 0);
  getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
  port_ = ntohs(at.sin_port);
  acceptor_ = std::thread{[this] { accept_all(); }};
}

stub_registry::~stub_registry() {
  ending_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    std::lock_guard guard{mutex_};
    for (auto fd : open_)
      shutdown(fd, SHUT_RDWR);
  }
  for (auto& each : threads_)
    each.join();
  close(listener_);
}

void stub_registry::add(const std::string& repository, const std::string& tag,
                        const made_image& x, const std::string& top) {
  std::lock_guard guard{mutex_};
  for (auto& [digest, bytes] : x.blobs)
    if (auto type = x.types.find(digest); type != x.types.end())
      documents_["/v2/" + repository + "/manifests/" + digest] = {type->second,
                                                                  bytes};
    else
      blobs_["/v2/" + repository + "/blobs/" + digest] = bytes;
  auto& which = top.empty() ? x.manifest : top;
  documents_["/v2/" + repository + "/manifests/" + tag] = {x.types.at(which),
                                                           x.blobs.at(which)};
}

std::vector<stub_request> stub_registry::requests() {
  std::lock_guard guard{mutex_};
  return requests_;
}

size_t stub_registry::count(const std::string& part) {
  size_t n = 0;
  for (auto& each : requests())
    n += each.path.find(part) != std::string::npos ? 1 : 0;
  return n;
}

void stub_registry::accept_all() {
  for (;;) {
    auto fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0)
      return;
    std::lock_guard guard{mutex_};
    open_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void stub_registry::serve(int fd) {
  stub_request what;
  if (read_request(fd, what)) {
    {
      std::lock_guard guard{mutex_};
      requests_.push_back(what);
    }
    auto is_blob = what.path.find("/blobs/") != std::string::npos
                   && what.path.find(alone_) == std::string::npos;
    if (is_blob) {
      auto n = ++at_once_;
      auto most = most_at_once_.load();
      while (n > most && !most_at_once_.compare_exchange_weak(most, n))
        ;
      for (int i = 0; i < 200 && most_at_once_ < gather_ && !ending_; ++i)
        poll(nullptr, 0, 10);
    }
    auto a = answer(what);
    std::string head = "HTTP/1.1 " + std::to_string(a.status) + " X\r\n";
    for (auto& [name, value] : a.headers)
      head += name + ": " + value + "\r\n";
    if (a.headers.count("Content-Length") == 0)
      head += "Content-Length: " + std::to_string(a.body.size()) + "\r\n";
    write_all(fd, head + "Connection: close\r\n\r\n");
    write_all(fd, std::string_view{a.body}.substr(
                      0, std::min(a.break_off, a.body.size())));
    // Until the other side or the test gives up.
    char byte;
    if (a.hang)
      while (recv(fd, &byte, 1, 0) > 0)
        ;
    if (is_blob)
      --at_once_;
  }
  shutdown(fd, SHUT_RDWR);
  std::lock_guard guard{mutex_};
  std::erase(open_, fd);
  close(fd);
}

stub_answer stub_registry::answer(const stub_request& what) {
  if (twist)
    if (auto a = twist(what); a.status != 0)
      return a;
  return find(what);
}

stub_answer stub_registry::find(const stub_request& what) {
  std::lock_guard guard{mutex_};
  if (auto at = documents_.find(what.path); at != documents_.end())
    return {200,
            {{"Content-Type", at->second.first},
             {"Docker-Content-Digest", digest_of(at->second.second)}},
            at->second.second};
  auto at = blobs_.find(what.path);
  if (at == blobs_.end())
    return {404, {}, R"({"errors":[{"code":"UNKNOWN","message":"none"}]})"};
  auto range = what.headers.find("range");
  if (range == what.headers.end())
    return {200, {}, at->second};
  auto from = static_cast<size_t>(
      atoll(range->second.c_str() + std::string{"bytes="}.size()));
  if (from >= at->second.size())
    return {416, {}, ""};
  return {206,
          {{"Content-Range", "bytes " + std::to_string(from) + "-"
                                 + std::to_string(at->second.size() - 1) + "/"
                                 + std::to_string(at->second.size())}},
          at->second.substr(from)};
}

} // namespace troupe::images
