#include "tests/bench/cluster/cluster.hpp"

#include "cli/directory_lock.hpp"
#include "cli/server_settings.hpp"
#include "messages/system.pb.h"
#include "runtime/crypto/kubeconfig.hpp"

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <signal.h>
#include <sstream>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace troupe::bench {

namespace {

namespace fs = std::filesystem;

/// Starts a program whose output comes through the file that is returned.
int start(const std::vector<std::string>& words, pid_t& pid) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    fail("no pipe");
  std::vector<char*> args;
  for (auto& word : words)
    args.push_back(const_cast<char*>(word.c_str()));
  args.push_back(nullptr);
  pid = fork();
  if (pid < 0)
    fail("no process");
  if (pid == 0) {
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    execv(args[0], args.data());
    _exit(127);
  }
  close(ends[1]);
  return ends[0];
}

double status_mb(pid_t pid, const std::string& field) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/status"};
  for (std::string line; std::getline(file, line);)
    if (line.rfind(field + ":", 0) == 0)
      return std::stod(line.substr(field.size() + 1)) * 1024 / 1e6;
  return 0;
}

} // namespace

void fail(const std::string& why) {
  std::fprintf(stderr, "error: %s\n", why.c_str());
  std::exit(1);
}

folder::folder(const fs::path& where) {
  auto pattern = (where / "cluster-bench-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr)
    fail("no folder in " + where.string());
  path_ = pattern;
}

folder::~folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

cluster::cluster(fs::path program, fs::path data,
                 std::vector<std::string> words)
    : program_(std::move(program)),
      data_(std::move(data)),
      words_(std::move(words)) {
  // nop
}

cluster::~cluster() {
  if (!fs::exists(data_ / "lock"))
    return;
  pid_t down = -1;
  auto out = start({program_, "--data-dir", data_, "down"}, down);
  char ignored[256];
  while (read(out, ignored, sizeof(ignored)) > 0) {
    // nop
  }
  close(out);
  waitpid(down, nullptr, 0);
  wait_for_end();
}

void cluster::wait_for_end() {
  if (pid_ > 0)
    waitpid(pid_, nullptr, 0);
  if (reader_.joinable())
    reader_.join();
  pid_ = -1;
}

/// Its last line says where its kubeconfig is.
void cluster::up() {
  std::vector<std::string> words{program_, "--data-dir", data_,
                                 "up",     "--port",     "0"};
  words.insert(words.end(), words_.begin(), words_.end());
  lines_.clear();
  ended_ = false;
  started_ = clock::now();
  auto out = start(words, pid_);
  reader_ = std::thread{[this, out] { read_lines(out); }};
  std::unique_lock lock{mutex_};
  printed_.wait(lock, [&] { return ended_ || lines_.count("Kubeconfig") > 0; });
  if (ended_)
    fail("the cluster did not start: " + last_line_);
}

void cluster::start_again() {
  wait_for_end();
  up();
}

/// Reads to the end, so that the program never waits for who reads it.
void cluster::read_lines(int from) {
  auto* file = fdopen(from, "r");
  char* line = nullptr;
  size_t room = 0;
  while (getline(&line, &room, file) >= 0) {
    std::string words{line};
    std::lock_guard lock{mutex_};
    last_line_ = words.substr(0, words.find('\n'));
    lines_.emplace(words.substr(0, words.find(':')), ms_since(started_));
    printed_.notify_all();
  }
  free(line);
  fclose(file);
  std::lock_guard lock{mutex_};
  ended_ = true;
  printed_.notify_all();
}

void cluster::stop() {
  kill(pid_, SIGTERM);
  wait_for_end();
}

double cluster::printed_ms(const std::string& milestone) const {
  std::lock_guard lock{mutex_};
  auto i = lines_.find(milestone);
  return i == lines_.end() ? 0 : i->second;
}

usage cluster::now() const {
  usage result;
  clockid_t id{};
  timespec spent{};
  if (clock_getcpuclockid(pid_, &id) == 0 && clock_gettime(id, &spent) == 0)
    result.cpu_ms = static_cast<double>(spent.tv_sec) * 1e3
                    + static_cast<double>(spent.tv_nsec) / 1e6;
  result.resident_mb = status_mb(pid_, "VmRSS");
  result.anonymous_mb = status_mb(pid_, "RssAnon");
  result.peak_mb = status_mb(pid_, "VmHWM");
  return result;
}

pid_t cluster::server(const std::string& name) const {
  if (name == "server-1")
    return pid_;
  auto result = cli::holder_of(cli::server_folder(data_, name)).pid;
  if (result <= 0)
    fail(name + " has no process");
  return result;
}

std::unique_ptr<command_client> cluster::connect(size_t which) const {
  auto config = crypto::read_kubeconfig(data_ / "kubeconfig");
  if (!config)
    fail(message_of(config.error()));
  auto& places = config->clusters.front().actors;
  for (size_t i = 0; i < which; ++i)
    if (auto end = places.find(','); end != std::string::npos)
      places = places.substr(end + 1) + "," + places.substr(0, end);
  auto access = crypto::choose(*config, {});
  if (!access)
    fail(message_of(access.error()));
  auto client = command_client::connect(*access);
  if (!client)
    fail(message_of(client.error()));
  return std::move(*client);
}

uint64_t cluster::fact(command_client& client, const std::string& path,
                       const std::string& name) {
  auto list = client.actors();
  if (!list)
    fail(message_of(list.error()));
  for (auto& actor : list->actors())
    if (actor.path() == path)
      for (auto& text : actor.facts())
        if (text.rfind(name + "=", 0) == 0)
          return std::stoull(text.substr(name.size() + 1));
  return 0;
}

} // namespace troupe::bench
