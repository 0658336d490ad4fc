#include "runtime/process/shim.hpp"

#include <climits>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

// What is said to an OCI runtime, and what it says.

namespace troupe::process::shim {

namespace {

void put(buffer& out, const char* text) {
  out.append(text, strlen(text));
}

void put_string(buffer& out, const char* text) {
  put(out, "\"");
  for (; *text != '\0'; ++text) {
    auto c = static_cast<unsigned char>(*text);
    char escaped[8];
    if (c == '"' || c == '\\')
      snprintf(escaped, sizeof(escaped), "\\%c", c);
    else if (c < ' ')
      snprintf(escaped, sizeof(escaped), "\\u%04x", c);
    else
      snprintf(escaped, sizeof(escaped), "%c", c);
    put(out, escaped);
  }
  put(out, "\"");
}

/// Undoes JSON's escapes that runtimes use, in place.
void unescape(char* text) {
  auto to = text;
  for (auto from = text; *from != '\0' && *from != '"'; ++from) {
    if (*from == '\\' && from[1] != '\0') {
      ++from;
      *to++ = *from == 'n' ? ' ' : *from == 't' ? ' ' : *from;
    } else {
      *to++ = *from;
    }
  }
  *to = '\0';
}

} // namespace

void put_command(buffer& out, char** words, std::string_view rest, bool tty) {
  put(out,
      tty ? "{\"terminal\":true,\"args\":[" : "{\"terminal\":false,\"args\":[");
  for (auto at = words; *at != nullptr; ++at) {
    if (at != words)
      put(out, ",");
    put_string(out, *at);
  }
  put(out, "],");
  out.append(rest.data(), rest.size());
}

failure call_runtime(const char* const* arguments, const int streams[3],
                     pid_t& pid) {
  pid = fork();
  if (pid < 0)
    return fail(errno, "fork: %s", strerror(errno));
  if (pid > 0)
    return {};
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  for (int i = 0; i < 3; ++i)
    dup2(streams[i], i);
  syscall(SYS_close_range, 3, ~0u, 0);
  const char* environment[] = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      nullptr};
  execve(arguments[0], const_cast<char**>(arguments),
         const_cast<char**>(environment));
  _exit(127);
}

failure await_terminal(const char* name, int& listener) {
  listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
  if (listener < 0
      || bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address))
             != 0
      || listen(listener, 1) != 0)
    return fail(errno, "terminal: %s", strerror(errno));
  return {};
}

int take_terminal_of(int listener) {
  auto fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0)
    return -1;
  char bytes[256];
  iovec part{bytes, sizeof(bytes)};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = space;
  header.msg_controllen = sizeof(space);
  int terminal = -1;
  if (recvmsg(fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) >= 0)
    if (auto control = CMSG_FIRSTHDR(&header);
        control != nullptr && control->cmsg_type == SCM_RIGHTS)
      memcpy(&terminal, CMSG_DATA(control), sizeof(terminal));
  close(fd);
  return terminal;
}

void read_complaint(const char* log, failure& out) {
  auto fd = open(log, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  // Complaints are short; of long logs the end counts.
  static char text[16 * 1024];
  auto end = lseek(fd, 0, SEEK_END);
  auto room = static_cast<off_t>(sizeof(text)) - 1;
  lseek(fd, end > room ? end - room : 0, SEEK_SET);
  auto size = read(fd, text, sizeof(text) - 1);
  close(fd);
  text[size > 0 ? size : 0] = '\0';
  constexpr auto key = "\"msg\":";
  char* last = nullptr;
  for (auto at = strstr(text, key); at != nullptr; at = strstr(at + 1, key))
    last = at;
  if (last == nullptr)
    return;
  last += strlen(key);
  last += strspn(last, " \"");
  unescape(last);
  out = fail(out.code, "OCI runtime: %s", last);
}

} // namespace troupe::process::shim
