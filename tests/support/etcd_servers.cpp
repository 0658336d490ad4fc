#include "tests/support/etcd_servers.hpp"

#include <arpa/inet.h>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::test {

namespace {

namespace fs = std::filesystem;

/// A port that nobody has, held until all of a group are known.
class held_port {
public:
  held_port() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(at);
    auto* address = reinterpret_cast<sockaddr*>(&at);
    if (fd_ < 0 || bind(fd_, address, size) != 0
        || getsockname(fd_, address, &size) != 0)
      throw std::runtime_error{"no free port"};
    port = ntohs(at.sin_port);
  }

  ~held_port() { close(fd_); }

  held_port(const held_port&) = delete;
  held_port& operator=(const held_port&) = delete;

  uint16_t port = 0;

private:
  int fd_;
};

std::string text_of(uint16_t port) {
  return "127.0.0.1:" + std::to_string(port);
}

} // namespace

bool etcd_servers::installed() {
  return std::system("command -v etcd >/dev/null 2>&1") == 0;
}

etcd_servers::etcd_servers(size_t count, fs::path folder, const secrets* tls,
                           std::vector<std::string> more)
    : folder_(std::move(folder)), more_(std::move(more)), servers_(count) {
  if (tls != nullptr)
    tls_ = *tls;
  if (folder_.empty()) {
    std::string name = fs::temp_directory_path() / "troupe-etcd-XXXXXX";
    if (mkdtemp(name.data()) == nullptr)
      throw std::runtime_error{"no temporary folder"};
    folder_ = name;
    own_folder_ = true;
  }
  std::vector<held_port> held(3 * count);
  for (size_t i = 0; i < count; ++i) {
    servers_[i].client_port = held[3 * i].port;
    servers_[i].peer_port = held[3 * i + 1].port;
    servers_[i].metrics_port = held[3 * i + 2].port;
  }
  held.clear();
  for (size_t i = 0; i < count; ++i)
    start(i);
}

etcd_servers::~etcd_servers() {
  for (size_t i = 0; i < size(); ++i)
    kill(i);
  std::error_code ignored;
  if (own_folder_)
    fs::remove_all(folder_, ignored);
}

std::string etcd_servers::url() const {
  std::string result;
  for (auto& x : servers_)
    result += (result.empty() ? "etcd://" : ",") + text_of(x.client_port);
  return result;
}

etcd::place etcd_servers::place() const {
  auto result = *etcd::parse_place(url());
  result.authority_file = tls_.authority;
  result.certificate_file = tls_.certificate;
  result.key_file = tls_.key;
  return result;
}

std::vector<std::string> etcd_servers::arguments(size_t server) const {
  auto& me = servers_[server];
  auto secure = !tls_.authority.empty();
  auto client = (secure ? "https://" : "http://") + text_of(me.client_port);
  auto peer = "http://" + text_of(me.peer_port);
  auto name = [](size_t i) { return "server-" + std::to_string(i + 1); };
  std::string all;
  for (size_t i = 0; i < size(); ++i)
    all += (i == 0 ? "" : ",") + name(i) + "=http://"
           + text_of(servers_[i].peer_port);
  std::vector<std::string> result{
      "etcd",
      "--name=" + name(server),
      "--data-dir=" + (folder_ / name(server)).string(),
      "--listen-client-urls=" + client,
      "--advertise-client-urls=" + client,
      "--listen-peer-urls=" + peer,
      "--initial-advertise-peer-urls=" + peer,
      "--initial-cluster=" + all,
      "--listen-metrics-urls=http://" + text_of(me.metrics_port),
      "--logger=zap",
      "--log-level=error"};
  if (secure) {
    result.push_back("--cert-file=" + tls_.certificate);
    result.push_back("--key-file=" + tls_.key);
    result.push_back("--trusted-ca-file=" + tls_.authority);
    result.push_back("--client-cert-auth");
  }
  result.insert(result.end(), more_.begin(), more_.end());
  return result;
}

void etcd_servers::start(size_t server) {
  auto words = arguments(server);
  auto log = (folder_ / "log").string();
  std::vector<char*> argv;
  for (auto& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  auto parent = getpid();
  auto pid = fork();
  if (pid < 0)
    throw std::runtime_error{"no process"};
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
      _exit(1);
    auto out = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    dup2(out, 1);
    dup2(out, 2);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  servers_[server].pid = pid;
}

void etcd_servers::kill(size_t server) {
  auto& pid = servers_[server].pid;
  if (pid < 0)
    return;
  ::kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  pid = -1;
}

void etcd_servers::pause(size_t server) {
  ::kill(servers_[server].pid, SIGSTOP);
}

void etcd_servers::resume(size_t server) {
  ::kill(servers_[server].pid, SIGCONT);
}

} // namespace troupe::test
