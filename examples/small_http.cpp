#include "examples/small_http.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace example {

namespace {

constexpr size_t max_head = 16u << 10;    // of a message
constexpr size_t max_content = 64u << 20; // of a message or a file

int stop_pipe[2]; // readable once the end has begun

void on_terminate(int) {
  [[maybe_unused]] auto written = ::write(stop_pipe[1], "x", 1);
}

sockaddr_in to_sockaddr(const place& x) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr = x.address;
  out.sin_port = htons(x.port);
  return out;
}

} // namespace

// -- the surroundings ---------------------------------------------------------

std::string environment(const char* name, const std::string& otherwise) {
  auto* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof(name) - 1);
  return name;
}

void say(const std::string& line) {
  auto whole = line + "\n";
  [[maybe_unused]] auto written = ::write(1, whole.data(), whole.size());
}

[[noreturn]] void end_wrong(const std::string& reason) {
  std::fprintf(stderr, "web-server: %s\n", reason.c_str());
  std::exit(2);
}

bool wait_for(int fd, int seconds) {
  pollfd both[] = {{stop_pipe[0], POLLIN, 0}, {fd, POLLIN, 0}};
  while (::poll(both, fd < 0 ? 1 : 2, seconds < 0 ? -1 : seconds * 1000) < 0)
    if (errno != EINTR)
      return false;
  return !(both[0].revents & POLLIN) && fd >= 0 && both[1].revents != 0;
}

bool ending() {
  pollfd stop{stop_pipe[0], POLLIN, 0};
  return ::poll(&stop, 1, 0) > 0;
}

void end_on_signals() {
  if (::pipe2(stop_pipe, O_CLOEXEC) != 0)
    std::exit(1);
  ::signal(SIGTERM, on_terminate);
  ::signal(SIGINT, on_terminate);
  ::signal(SIGPIPE, SIG_IGN);
}

// -- sockets ------------------------------------------------------------------

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  auto end = text.data() + text.size();
  auto [stop, code] = std::from_chars(text.data(), end, port);
  if (code != std::errc{} || stop != end || port == 0)
    return std::nullopt;
  return port;
}

std::optional<place> parse_place(const std::string& text) {
  auto colon = text.rfind(':');
  if (colon == std::string::npos)
    return std::nullopt;
  auto address = text.substr(0, colon);
  if (address.empty())
    address = environment("POD_IP", "127.0.0.1");
  if (address == "localhost")
    address = "127.0.0.1";
  auto port = parse_port(std::string_view{text}.substr(colon + 1));
  place out;
  if (!port || ::inet_pton(AF_INET, address.c_str(), &out.address) != 1)
    return std::nullopt;
  out.port = *port;
  return out;
}

void set_patience(int fd) {
  timeval time{patience_seconds, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
}

int listen_at(uint16_t port) {
  auto address = environment("POD_IP", "0.0.0.0");
  place at;
  at.port = port;
  if (::inet_pton(AF_INET, address.c_str(), &at.address) != 1)
    end_wrong("POD_IP is no IPv4 address: " + address);
  auto fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  auto where = to_sockaddr(at);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&where), sizeof(where)) != 0
      || ::listen(fd, 128) != 0) {
    std::fprintf(stderr, "web-server: cannot listen at %s:%u: %s\n",
                 address.c_str(), port, std::strerror(errno));
    std::exit(1);
  }
  say("listening at " + address + ":" + std::to_string(port));
  return fd;
}

int dial(const place& to) {
  auto fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  set_patience(fd);
  auto where = to_sockaddr(to);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&where), sizeof(where)) == 0)
    return fd;
  auto code = errno;
  ::close(fd);
  errno = code;
  return -1;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0)
      return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

// -- files --------------------------------------------------------------------

std::optional<std::string> read_file(const std::string& path) {
  auto fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat s {};
  if (fd < 0 || ::fstat(fd, &s) != 0 || !S_ISREG(s.st_mode)) {
    if (fd >= 0)
      ::close(fd);
    return std::nullopt;
  }
  std::string out;
  char buffer[16384];
  ssize_t got = 0;
  while ((got = ::read(fd, buffer, sizeof(buffer))) > 0
         && out.size() < max_content)
    out.append(buffer, static_cast<size_t>(got));
  ::close(fd);
  return out;
}

bool write_file(const std::string& path, std::string_view content) {
  auto scratch = path + ".new";
  auto fd =
      ::open(scratch.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0)
    return false;
  auto ok = true;
  while (ok && !content.empty()) {
    auto written = ::write(fd, content.data(), content.size());
    ok = written > 0;
    content.remove_prefix(ok ? static_cast<size_t>(written) : 0);
  }
  ::close(fd);
  return ok && ::rename(scratch.c_str(), path.c_str()) == 0;
}

// -- HTTP ---------------------------------------------------------------------

std::optional<message> read_message(int fd, bool is_answer) {
  std::string bytes;
  char buffer[16384];
  size_t head = std::string::npos, length = is_answer ? max_content : 0;
  while (head == std::string::npos || bytes.size() < head + length) {
    auto got = ::recv(fd, buffer, sizeof(buffer), 0);
    if (got <= 0 && is_answer && head != std::string::npos
        && length == max_content)
      break;
    if (got <= 0)
      return std::nullopt;
    bytes.append(buffer, static_cast<size_t>(got));
    if (head != std::string::npos)
      continue;
    auto end = bytes.find("\r\n\r\n");
    if (end == std::string::npos && bytes.size() > max_head)
      return std::nullopt;
    if (end == std::string::npos)
      continue;
    head = end + 4;
    auto lower = bytes.substr(0, head);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    auto field = lower.find("\r\ncontent-length:");
    if (field != std::string::npos)
      length = std::strtoul(lower.c_str() + field + 17, nullptr, 10);
    if (length > max_content)
      return std::nullopt;
  }
  return message{bytes.substr(0, bytes.find("\r\n")),
                 bytes.substr(head, length)};
}

url parse_url(const std::string& text) {
  constexpr std::string_view scheme = "http://";
  if (text.compare(0, scheme.size(), scheme) != 0)
    end_wrong("not a URL of http: " + text);
  auto rest = text.substr(scheme.size());
  auto slash = std::min(rest.find('/'), rest.size());
  url out;
  out.authority = rest.substr(0, slash);
  out.path = slash < rest.size() ? rest.substr(slash) : "/";
  auto has_port = out.authority.find(':') != std::string::npos;
  auto at = parse_place(has_port ? out.authority : out.authority + ":80");
  if (!at)
    end_wrong("not ADDRESS:PORT: " + out.authority);
  out.at = *at;
  return out;
}

std::optional<std::string> ask(const url& to, const std::string& method,
                               const std::string& content) {
  auto fd = dial(to.at);
  if (fd < 0) {
    say(method + " " + to.authority + ": " + std::strerror(errno));
    return std::nullopt;
  }
  send_all(fd, method + " " + to.path + " HTTP/1.1\r\nHost: " + to.authority
                   + "\r\nContent-Length: " + std::to_string(content.size())
                   + "\r\nConnection: close\r\n\r\n" + content);
  auto got = read_message(fd, true);
  ::close(fd);
  auto good = got && got->first_line.compare(0, 7, "HTTP/1.") == 0
              && got->first_line.compare(8, 2, " 2") == 0;
  if (!good) {
    say(method + " " + to.authority + to.path + ": "
        + (got ? got->first_line : "no answer"));
    return std::nullopt;
  }
  return got->content;
}

} // namespace example
