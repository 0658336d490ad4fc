// A small web server for examples and tests, and what its sidecars need. It
// depends on nothing but the system.
//
//   web-server [serve] [--port N] [--root DIR]
//   web-server pull URL FILE [--every SECONDS]
//   web-server push FILE URL [--every SECONDS]
//   web-server proxy --to [ADDRESS]:PORT [--port N]
//
// With --root it serves the files there, index.html at /; what is PUT is stored
// there. Without, it tells of itself.
//
// Listens at $POD_IP, or everywhere without it; the port is --port, $PORT or
// 8080. SIGTERM ends it as soon as open requests are answered.

#include "examples/small_http.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace example;

constexpr int max_connections = 256;

std::atomic<int> open_connections{0};
std::atomic<long> answered{0};
std::atomic<bool> healthy{true};

/// Accepts until SIGTERM and hands each connection to a thread; then waits
/// until those are done.
template <class F>
int accept_all(int listening, F serve) {
  while (wait_for(listening, -1)) {
    auto fd = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0)
      continue;
    if (open_connections >= max_connections) {
      ::close(fd);
      continue;
    }
    ++open_connections;
    std::thread{[fd, serve] {
      set_patience(fd);
      serve(fd);
      ::close(fd);
      --open_connections;
    }}.detach();
  }
  ::close(listening);
  say("stopping");
  for (int i = 0; open_connections > 0 && i < patience_seconds * 100; ++i)
    ::usleep(10'000);
  return 0;
}

// -- the server ---------------------------------------------------------------

void answer(int fd, const std::string& request, const char* status,
            const std::string& content) {
  auto line = request.substr(0, request.rfind(" HTTP/"));
  send_all(fd, std::string{"HTTP/1.1 "} + status
                   + "\r\nContent-Type: text/plain; charset=utf-8"
                     "\r\nContent-Length: "
                   + std::to_string(content.size())
                   + "\r\nConnection: close\r\n\r\n"
                   + (line.substr(0, 5) == "HEAD " ? "" : content));
  ::shutdown(fd, SHUT_WR);
  ++answered;
  // Probes would fill the log.
  if (line != "GET /healthz" && line != "GET /readyz")
    say(line + " " + std::string{status}.substr(0, 3));
}

std::string greeting(const std::string& path) {
  auto out =
      "pod: " + environment("POD_NAME", host_name()) + "\nhost: " + host_name();
  for (auto* name : {"NODE_NAME", "POD_IP", "VERSION"})
    if (auto value = environment(name); !value.empty())
      out += std::string{"\n"} + name + ": " + value;
  return out + "\npath: " + path + "\nrequests: " + std::to_string(answered + 1)
         + "\n";
}

void answer_health(int fd, const message& request, const std::string& method) {
  // PUT /healthz with "fail" or "ok": to see what a cluster does about it.
  if (method == "PUT")
    healthy = request.content.substr(0, 4) != "fail";
  answer(fd, request.first_line,
         healthy || method == "PUT" ? "200 OK" : "503 Service Unavailable",
         healthy ? "ok\n" : "failing\n");
}

void serve_one(int fd, const std::string& root) {
  auto request = read_message(fd, false);
  if (!request)
    return;
  auto& line = request->first_line;
  auto space = line.find(' ');
  auto end = line.rfind(" HTTP/");
  if (space == std::string::npos || end == std::string::npos || end <= space)
    return answer(fd, line, "400 Bad Request", "not HTTP\n");
  auto method = line.substr(0, space);
  auto path = line.substr(space + 1, end - space - 1);
  if (path == "/healthz" || path == "/readyz")
    return answer_health(fd, *request, method);
  path = path.substr(0, path.find('?'));
  auto in_root = !root.empty() && path.size() > 1 && path[0] == '/'
                 && path.find("..") == std::string::npos;
  if (method == "PUT" && in_root)
    return write_file(root + path, request->content)
               ? answer(fd, line, "201 Created", "stored\n")
               : answer(fd, line, "500 Internal Server Error", "not stored\n");
  if (method != "GET" && method != "HEAD")
    return answer(fd, line, "405 Method Not Allowed", "GET only\n");
  if (!in_root) {
    auto page = root.empty() || path != "/" ? std::nullopt
                                            : read_file(root + "/index.html");
    return answer(fd, line, "200 OK", page ? *page : greeting(path));
  }
  if (auto content = read_file(root + path))
    return answer(fd, line, "200 OK", *content);
  answer(fd, line, "404 Not Found", "no " + path + "\n");
}

// -- sidecars -----------------------------------------------------------------

int pull(const url& from, const std::string& file, int every) {
  std::optional<std::string> before;
  do {
    auto content = ask(from, "GET", "");
    if (content && content != before) {
      if (!write_file(file, *content))
        say("cannot write " + file + ": " + std::strerror(errno));
      else
        say("pulled " + std::to_string(content->size()) + " bytes to " + file);
      before = content;
    }
    wait_for(-1, every);
  } while (!ending());
  return 0;
}

int push(const std::string& file, const url& to, int every) {
  std::optional<std::string> before;
  do {
    auto content = read_file(file);
    if (content && content != before && ask(to, "PUT", *content)) {
      say("pushed " + std::to_string(content->size()) + " bytes of " + file);
      before = content;
    }
    wait_for(-1, every);
  } while (!ending());
  return 0;
}

void copy(int from, int to) {
  char buffer[16384];
  ssize_t got = 0;
  while ((got = ::recv(from, buffer, sizeof(buffer), 0)) > 0)
    if (!send_all(to, {buffer, static_cast<size_t>(got)}))
      break;
  ::shutdown(to, SHUT_WR);
}

void relay(int client, const place& to) {
  auto target = dial(to);
  if (target < 0)
    return say(std::string{"cannot reach the target: "} + std::strerror(errno));
  std::thread back{[&] { copy(target, client); }};
  copy(client, target);
  back.join();
  ::close(target);
  say("relayed a connection");
}

// -- the command line ---------------------------------------------------------

struct options {
  std::string verb = "serve";
  std::string words[2];
  int word_count = 0;
  std::string root, to;
  uint16_t port = 8080;
  int every = 2;
};

options parse(int argc, char** argv) {
  options out;
  std::string port = environment("PORT"), every;
  int i = 1;
  if (argc > 1 && argv[1][0] != '-')
    out.verb = argv[i++];
  for (; i < argc; ++i) {
    std::string word = argv[i];
    auto* value = word == "--port"    ? &port
                  : word == "--root"  ? &out.root
                  : word == "--to"    ? &out.to
                  : word == "--every" ? &every
                                      : nullptr;
    if (value && i + 1 == argc)
      end_wrong(word + " wants a value");
    if (value)
      *value = argv[++i];
    else if (word[0] == '-' || out.word_count == 2)
      end_wrong("what is " + word + "?");
    else
      out.words[out.word_count++] = word;
  }
  if (!port.empty()) {
    auto number = parse_port(port);
    if (!number)
      end_wrong("not a port: " + port);
    out.port = *number;
  }
  if (!every.empty())
    out.every = std::max(1, std::atoi(every.c_str()));
  auto wanted = out.verb == "pull" || out.verb == "push" ? 2 : 0;
  if (out.word_count != wanted)
    end_wrong(out.verb + " wants " + std::to_string(wanted) + " words");
  return out;
}

} // namespace

int main(int argc, char** argv) {
  auto x = parse(argc, argv);
  end_on_signals();
  if (x.verb == "serve")
    return accept_all(listen_at(x.port),
                      [root = x.root](int fd) { serve_one(fd, root); });
  if (x.verb == "pull")
    return pull(parse_url(x.words[0]), x.words[1], x.every);
  if (x.verb == "push")
    return push(x.words[0], parse_url(x.words[1]), x.every);
  if (x.verb == "proxy") {
    auto to = parse_place(x.to);
    if (!to)
      end_wrong("--to wants ADDRESS:PORT");
    return accept_all(listen_at(x.port), [to = *to](int fd) { relay(fd, to); });
  }
  end_wrong("what is " + x.verb + "?");
}
