#include "side.hpp"

#include "load.hpp"
#include "runtime/store/database.hpp"

#include <leveldb/env.h>

#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <netinet/in.h>
#include <new>
#include <signal.h>
#include <sstream>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::bench {

namespace {

using namespace store_api;
using test::etcd_servers;
using test::live_store;

/// As many as one client of etcd's own would hardly use; more do not help.
constexpr size_t connections = 4;

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now() - start)
      .count();
}

void must(const caf::error& err) {
  if (!err)
    return;
  std::fprintf(stderr, "%s\n", message_of(err).c_str());
  std::exit(1);
}

StatusResponse status_of(live_store& store, size_t member = 0) {
  auto result = store.ask<StatusResponse>(StatusRequest{}, member);
  if (!result)
    must(result.error());
  return *result;
}

/// A file whose syncs are counted.
class counted_file : public leveldb::WritableFile {
public:
  counted_file(std::unique_ptr<leveldb::WritableFile> file,
               std::atomic<uint64_t>& syncs)
      : file_(std::move(file)), syncs_(syncs) {
    // nop
  }

  leveldb::Status Append(const leveldb::Slice& data) override {
    return file_->Append(data);
  }
  leveldb::Status Close() override { return file_->Close(); }
  leveldb::Status Flush() override { return file_->Flush(); }
  leveldb::Status Sync() override {
    ++syncs_;
    return file_->Sync();
  }

private:
  std::unique_ptr<leveldb::WritableFile> file_;
  std::atomic<uint64_t>& syncs_;
};

class counting_disk : public leveldb::EnvWrapper {
public:
  explicit counting_disk(std::atomic<uint64_t>& count)
      : EnvWrapper(leveldb::Env::Default()), syncs(count) {
    // nop
  }

  leveldb::Status NewWritableFile(const std::string& path,
                                  leveldb::WritableFile** result) override {
    return counted(target()->NewWritableFile(path, result), result);
  }

  leveldb::Status NewAppendableFile(const std::string& path,
                                    leveldb::WritableFile** result) override {
    return counted(target()->NewAppendableFile(path, result), result);
  }

private:
  std::atomic<uint64_t>& syncs;

  leveldb::Status counted(leveldb::Status made,
                          leveldb::WritableFile** result) {
    if (made.ok())
      *result = new counted_file{
          std::unique_ptr<leveldb::WritableFile>{*result}, syncs};
    return made;
  }
};

class own_side : public side {
public:
  own_side(size_t members, std::filesystem::path folder)
      : members_(members), folder_(std::move(folder)) {
    start();
  }

  live_store& store() override { return *store_; }

  std::vector<store_actor> doors() override {
    return {store_->member(status_of(*store_).leader() - 1)};
  }

  uint64_t syncs() override { return syncs_; }

  double anonymous_mb() override {
    return proc_mb("/proc/self/smaps_rollup", "Anonymous:");
  }

  double resident_mb() override {
    return proc_mb("/proc/self/smaps_rollup", "Rss:");
  }

  double restart_ms() override {
    store_.reset();
    auto begin = std::chrono::steady_clock::now();
    start();
    return ms_since(begin);
  }

private:
  void start() {
    store_ = live_store::own(members_, folder_, &disk_);
    must(store_->wait_ready());
  }

  size_t members_;
  std::filesystem::path folder_;
  std::atomic<uint64_t> syncs_{0};
  counting_disk disk_{syncs_};
  std::unique_ptr<live_store> store_;
};

/// What two processes share.
struct shared_page {
  std::atomic<uint64_t> syncs;
  std::atomic<uint16_t> port;
};

class served_side : public side {
public:
  served_side(size_t members, std::filesystem::path folder)
      : members_(members), folder_(std::move(folder)) {
    auto* page = mmap(nullptr, sizeof(shared_page), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
      std::exit(1);
    shared_ = new (page) shared_page{};
    start();
  }

  ~served_side() override { stop(); }

  live_store& store() override { return *store_; }
  std::vector<store_actor> doors() override { return {store_->member()}; }
  uint64_t syncs() override { return shared_->syncs; }
  double anonymous_mb() override { return memory("Anonymous:"); }
  double resident_mb() override { return memory("Rss:"); }

  double restart_ms() override {
    stop();
    auto begin = std::chrono::steady_clock::now();
    start();
    return ms_since(begin);
  }

private:
  /// In the other process, which has no threads yet.
  [[noreturn]] void serve() {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    counting_disk disk{shared_->syncs};
    auto subject = live_store::own(members_, folder_, &disk);
    must(subject->wait_ready());
    shared_->port = subject->publish(status_of(*subject).leader() - 1);
    for (;;)
      ::pause();
  }

  void start() {
    shared_->port = 0;
    pid_ = fork();
    if (pid_ == 0)
      serve();
    while (shared_->port == 0) {
      if (waitpid(pid_, nullptr, WNOHANG) == pid_)
        std::exit(1);
      ::usleep(200);
    }
    store_ = live_store::of_process(shared_->port);
    must(store_->wait_ready());
  }

  void stop() {
    store_.reset();
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  double memory(const std::string& what) {
    return proc_mb("/proc/" + std::to_string(pid_) + "/smaps_rollup", what);
  }

  size_t members_;
  std::filesystem::path folder_;
  shared_page* shared_ = nullptr;
  pid_t pid_ = -1;
  std::unique_ptr<live_store> store_;
};

/// What a server of HTTP answers to a GET.
std::string http_get(uint16_t port, const std::string& path) {
  auto fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string result;
  if (connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof(at)) == 0) {
    auto request = "GET " + path + " HTTP/1.0\r\n\r\n";
    if (write(fd, request.data(), request.size()) > 0) {
      char buffer[65536];
      ssize_t got = 0;
      while ((got = read(fd, buffer, sizeof(buffer))) > 0)
        result.append(buffer, static_cast<size_t>(got));
    }
  }
  close(fd);
  return result;
}

/// The sum of two of etcd's own counters: syncs of its log, and commits of its
/// database, each of which is one sync more.
uint64_t syncs_of(const std::string& metrics) {
  double result = 0;
  std::istringstream in{metrics};
  for (std::string line; std::getline(in, line);)
    for (auto name : {"etcd_disk_wal_fsync_duration_seconds_count ",
                      "etcd_disk_backend_commit_duration_seconds_count "})
      if (line.rfind(name, 0) == 0)
        result += std::atof(line.c_str() + std::string{name}.size());
  return static_cast<uint64_t>(result);
}

class etcd_side : public side {
public:
  etcd_side(size_t members, const std::filesystem::path& folder)
      : servers_(members, folder) {
    connect();
  }

  live_store& store() override { return *store_; }

  std::vector<store_actor> doors() override {
    std::vector<store_actor> result;
    for (size_t i = 0; i < store_->members(); ++i)
      result.push_back(store_->member(i));
    return result;
  }

  uint64_t syncs() override {
    uint64_t result = 0;
    for (auto& [host, port] : servers_.place().servers)
      result += syncs_of(
          http_get(static_cast<uint16_t>(std::atoi(port.c_str())), "/metrics"));
    return result;
  }

  double anonymous_mb() override { return sum("Anonymous:"); }

  double resident_mb() override { return sum("Rss:"); }

  double restart_ms() override {
    store_.reset();
    for (size_t i = 0; i < servers_.size(); ++i)
      servers_.kill(i);
    auto begin = std::chrono::steady_clock::now();
    for (size_t i = 0; i < servers_.size(); ++i)
      servers_.start(i);
    store_ = live_store::of_etcd(servers_.place());
    must(store_->wait_ready());
    return ms_since(begin);
  }

private:
  /// All connections go to the leader, as ours do.
  void connect() {
    store_ = live_store::of_etcd(servers_.place());
    must(store_->wait_ready());
    auto status = status_of(*store_);
    auto where = servers_.place();
    for (auto& member : status.members())
      for (size_t i = 0; i < where.servers.size(); ++i)
        if (member.id() == status.leader()
            && member.address().find(etcd::name_of(where, i))
                   != std::string::npos)
          std::swap(where.servers[0], where.servers[i]);
    store_ = live_store::of_etcd(where, connections);
    must(store_->wait_ready());
  }

  double sum(const std::string& what) {
    double result = 0;
    for (size_t i = 0; i < servers_.size(); ++i)
      result += proc_mb(
          "/proc/" + std::to_string(servers_.pid(i)) + "/smaps_rollup", what);
    return result;
  }

  etcd_servers servers_;
  std::unique_ptr<live_store> store_;
};

} // namespace

std::unique_ptr<side> side::own(size_t members,
                                const std::filesystem::path& folder) {
  return std::make_unique<own_side>(members, folder);
}

std::unique_ptr<side> side::served(size_t members,
                                   const std::filesystem::path& folder) {
  return std::make_unique<served_side>(members, folder);
}

std::unique_ptr<side> side::etcd(size_t members,
                                 const std::filesystem::path& folder) {
  return std::make_unique<etcd_side>(members, folder);
}

} // namespace troupe::bench
