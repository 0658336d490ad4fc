#include "tests/runtime/net/plain_sockets.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

using namespace troupe;
using namespace troupe::net;
namespace fs = std::filesystem;

namespace {

/// A running program whose output we read; ended with the object.
class program {
public:
  program(std::vector<std::string> words,
          std::map<std::string, std::string> surroundings = {}) {
    words.insert(words.begin(), TROUPE_BUILD_DIR "/web-server");
    std::vector<char*> argv, env;
    for (auto& word : words)
      argv.push_back(word.data());
    argv.push_back(nullptr);
    std::vector<std::string> lines;
    for (auto& [key, value] : surroundings)
      lines.push_back(key + "=" + value);
    for (auto& line : lines)
      env.push_back(line.data());
    env.push_back(nullptr);
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    output_ = unique_fd{ends[0]};
    unique_fd inner{ends[1]};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, inner.get(), 1);
    posix_spawn_file_actions_adddup2(&actions, inner.get(), 2);
    EXPECT_EQ(::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(),
                            env.data()),
              0);
    posix_spawn_file_actions_destroy(&actions);
  }

  ~program() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  /// The next line that it wrote, "" when it ended.
  std::string line() {
    std::string out;
    char c = 0;
    while (::read(output_.get(), &c, 1) == 1 && c != '\n')
      out += c;
    return out;
  }

  void terminate() { ::kill(pid_, SIGTERM); }

  int exit_code() {
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

private:
  pid_t pid_ = -1;
  unique_fd output_;
};

std::string ask(const endpoint& to, const std::string& line,
                const std::string& content = "") {
  auto fd = connected(to);
  send_text(fd, line + " HTTP/1.1\r\nHost: x\r\nContent-Length: "
                    + std::to_string(content.size()) + "\r\n\r\n" + content);
  auto all = receive_text(fd, 1 << 20);
  auto body = all.find("\r\n\r\n");
  return all.substr(9, 3) + " "
         + (body == std::string::npos ? "" : all.substr(body + 4));
}

struct WebServer : ::testing::Test {
  WebServer() {
    auto form = (fs::temp_directory_path() / "troupe-web-XXXXXX").string();
    root = ::mkdtemp(form.data());
  }

  ~WebServer() override { fs::remove_all(root); }

  std::string port() const { return std::to_string(at.port); }

  std::string content(const char* name) const {
    std::ifstream in{root / name};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  fs::path root;
  endpoint at = free_place();
};

} // namespace

TEST_F(WebServer, TellsWhoAnswers) {
  program server{
      {"--port", port()},
      {{"POD_IP", "127.0.0.1"}, {"POD_NAME", "web-1"}, {"VERSION", "2"}}};
  EXPECT_EQ(server.line(), "listening at 127.0.0.1:" + port());
  auto answer = ask(at, "GET /a/b?c");
  EXPECT_EQ(answer.substr(0, 15), "200 pod: web-1\n");
  EXPECT_NE(answer.find("\nVERSION: 2\npath: /a/b\nrequests: 1\n"),
            std::string::npos)
      << answer;
  EXPECT_EQ(server.line(), "GET /a/b?c 200");
  EXPECT_EQ(ask(at, "HEAD /"), "200 ");
  EXPECT_EQ(ask(at, "DELETE /"), "405 GET only\n");
  EXPECT_EQ(ask(at, "nonsense").substr(0, 3), "400");
}

TEST_F(WebServer, IsHealthyUntilItIsToldOtherwise) {
  program server{{}, {{"POD_IP", "127.0.0.1"}, {"PORT", port()}}};
  server.line();
  EXPECT_EQ(ask(at, "GET /healthz"), "200 ok\n");
  ask(at, "PUT /healthz", "fail");
  EXPECT_EQ(ask(at, "GET /healthz"), "503 failing\n");
  ask(at, "PUT /healthz", "ok");
  EXPECT_EQ(ask(at, "GET /healthz"), "200 ok\n");
}

TEST_F(WebServer, EndsAfterItsLastAnswer) {
  program server{{"--port", port()}};
  EXPECT_EQ(server.line(), "listening at 0.0.0.0:" + port());
  auto slow = connected(at);
  EXPECT_TRUE(send_text(slow, "GET / HTTP/1.1\r\n"));
  // A whole request on a later connection: the slow one was taken before.
  ask(at, "GET /");
  server.line();
  server.terminate();
  EXPECT_EQ(server.line(), "stopping");
  EXPECT_TRUE(send_text(slow, "\r\n"));
  EXPECT_EQ(receive_text(slow, 15), "HTTP/1.1 200 OK");
  EXPECT_EQ(server.line(), "GET / 200");
  EXPECT_EQ(server.exit_code(), 0);
}

TEST_F(WebServer, KeepsFilesUnderItsRoot) {
  program server{{"--port", port(), "--root", root.string()}};
  server.line();
  EXPECT_EQ(ask(at, "PUT /page", "hello"), "201 stored\n");
  EXPECT_EQ(content("page"), "hello");
  EXPECT_EQ(ask(at, "GET /page"), "200 hello");
  EXPECT_EQ(ask(at, "GET /none"), "404 no /none\n");
  EXPECT_EQ(ask(at, "GET /").substr(0, 8), "200 pod:");
  EXPECT_EQ(ask(at, "PUT /index.html", "front"), "201 stored\n");
  EXPECT_EQ(ask(at, "GET /"), "200 front");
  EXPECT_EQ(ask(at, "GET /../../etc/passwd").substr(0, 8), "200 pod:");
}

TEST_F(WebServer, PullsAndPushesForOthers) {
  program server{{"--port", port(), "--root", root.string()}};
  server.line();
  auto url = "http://127.0.0.1:" + port() + "/";
  std::ofstream{root / "source"} << "one";
  program puller{
      {"pull", url + "source", (root / "pulled").string(), "--every", "1"}};
  EXPECT_EQ(puller.line(), "pulled 3 bytes to " + (root / "pulled").string());
  EXPECT_EQ(content("pulled"), "one");
  program pusher{
      {"push", (root / "pulled").string(), url + "pushed", "--every", "1"}};
  EXPECT_EQ(pusher.line(), "pushed 3 bytes of " + (root / "pulled").string());
  EXPECT_EQ(content("pushed"), "one");
  puller.terminate();
  pusher.terminate();
  EXPECT_EQ(puller.exit_code(), 0);
  EXPECT_EQ(pusher.exit_code(), 0);
}

TEST_F(WebServer, SaysWhatItCouldNotPull) {
  program puller{{"pull", "http://127.0.0.1:" + port() + "/", "/dev/null"}};
  EXPECT_EQ(puller.line(), "GET 127.0.0.1:" + port() + ": Connection refused");
}

TEST_F(WebServer, StandsBeforeAnother) {
  program server{{"--port", port()},
                 {{"POD_IP", "127.0.0.1"}, {"POD_NAME", "main"}}};
  server.line();
  auto front = free_place();
  program proxy{
      {"proxy", "--port", std::to_string(front.port), "--to", ":" + port()},
      {{"POD_IP", "127.0.0.1"}}};
  proxy.line();
  EXPECT_EQ(ask(front, "GET /").substr(0, 13), "200 pod: main");
}

TEST_F(WebServer, RefusesWordsThatItDoesNotKnow) {
  for (auto& words :
       std::vector<std::vector<std::string>>{{"dance"},
                                             {"--port", "0"},
                                             {"--port", "65536"},
                                             {"--port"},
                                             {"--color", "red"},
                                             {"serve", "twice"},
                                             {"pull", "ftp://x/", "file"},
                                             {"pull", "http://127.0.0.1:80/"},
                                             {"proxy", "--to", "nowhere"}}) {
    program x{words};
    EXPECT_EQ(x.line().substr(0, 12), "web-server: ") << words.front();
    EXPECT_EQ(x.exit_code(), 2) << words.front();
  }
}
