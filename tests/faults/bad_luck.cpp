#include "bad_luck.hpp"

#include "cli/server_settings.hpp"
#include "messages/system.pb.h"
#include "runtime/crypto/kubeconfig.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace troupe::test {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const std::vector<std::string> parts{
    "replica",  "log_writer", "applier",   "watch_hub", "leases",  "reader-1",
    "reader-2", "scrubber",   "compactor", "snapshots", "fetcher", "peers"};

pid_t process_of(real_cluster& cluster, const std::string& server) {
  return server == "server-1" ? cluster.server() : cluster.server(server);
}

} // namespace

bad_luck::bad_luck(real_cluster& cluster, fs::path faults, uint64_t seed)
    : cluster_(cluster),
      faults_(std::move(faults)),
      chance_(seed),
      long_(std::getenv("TROUPE_NIGHTLY") != nullptr) {
  fs::create_directories(faults_);
}

std::string bad_luck::any_server() {
  return server_names[chance_() % server_names.size()];
}

size_t bad_luck::kinds() {
  return 9 + parts.size();
}

std::string bad_luck::strike() {
  if (next_.empty()) {
    next_.resize(kinds());
    std::iota(next_.begin(), next_.end(), size_t{0});
    std::shuffle(next_.begin(), next_.end(), chance_);
  }
  auto kind = next_.back();
  next_.pop_back();
  auto server = chance_() % 2 == 0 ? leader_of(cluster_).value_or(any_server())
                                   : any_server();
  switch (kind) {
    case 0:
      kill(server);
      restart_first();
      return "kill -9 of " + server;
    case 1:
      for (auto& each : server_names)
        kill(each);
      restart_first();
      return "kill -9 of all";
    case 2:
      pause(server);
      return "SIGSTOP of " + server;
    case 3:
      spoil_machine(server, "sync");
      return "no syncs at " + server;
    case 4:
      spoil_machine(server, "space");
      return "a full disk at " + server;
    case 5:
      spoil_machine(server, "clock");
      return "a clock that jumps at " + server;
    case 6:
      damage(server);
      return "a damaged file at " + server;
    case 7:
      forget(server);
      return "a disk that forgets what was synced at " + server;
    case 8:
      return spoil_two();
    default:
      kill_actor(server, parts[kind - 9]);
      return "the " + parts[kind - 9] + " killed at " + server;
  }
}

void bad_luck::kill(const std::string& server) {
  auto pid = process_of(cluster_, server);
  if (pid == 0)
    return;
  ::kill(pid, SIGKILL);
  wait_until([&] { return process_of(cluster_, server) != pid; });
}

/// The others are started again by it.
void bad_luck::restart_first() {
  auto runs = [&] {
    return cluster_.server() != 0 || cluster_.run("up --port 0 --detach");
  };
  if (runs())
    return;
  auto why = cluster_.output();
  auto sick = why.find("damaged") != std::string::npos;
  if (!sick || !change_member(server_names[0]) || !runs())
    throw std::runtime_error("it does not start again: " + why
                             + cluster_.output());
}

/// Another member takes a server's place.
bool bad_luck::change_member(const std::string& server) {
  return cluster_.run("store member remove " + server)
         && cluster_.run("store member add " + server);
}

void bad_luck::pause(const std::string& server) {
  auto pid = process_of(cluster_, server);
  if (pid == 0)
    return;
  // Now and then for longer than connections live without a word.
  auto longest = long_ && chance_() % 4 == 0 ? 20'000u : 2'000u;
  ::kill(pid, SIGSTOP);
  std::this_thread::sleep_for(
      std::chrono::milliseconds(200 + chance_() % (longest - 200)));
  ::kill(pid, SIGCONT);
}

/// Most of the disks are bad for so long that their stores begin anew.
std::string bad_luck::spoil_two() {
  auto first = chance_() % server_names.size();
  auto& one = server_names[first];
  auto& other = server_names[(first + 1) % server_names.size()];
  std::ofstream{faults_ / one} << "sync";
  std::ofstream{faults_ / other} << "space";
  std::this_thread::sleep_for(
      std::chrono::milliseconds(1'500 + chance_() % 2'500));
  fs::remove(faults_ / one);
  fs::remove(faults_ / other);
  return "no syncs at " + one + ", a full disk at " + other;
}

void bad_luck::spoil_machine(const std::string& server,
                             const std::string& how) {
  std::ofstream{faults_ / server} << how;
  std::this_thread::sleep_for(
      std::chrono::milliseconds(200 + chance_() % 1'300));
  fs::remove(faults_ / server);
}

void bad_luck::kill_actor(const std::string& server, const std::string& part) {
  auto settings = cli::read_server_settings(cluster_.data());
  auto config = crypto::read_kubeconfig(cluster_.data() / "kubeconfig");
  if (!settings || !config)
    return;
  if (auto* place = settings->find(server))
    config->clusters.front().actors = place->address();
  auto access = crypto::choose(*config, {});
  if (!access)
    return;
  auto client = command_client::connect(*access);
  if (!client)
    return;
  auto killed = (*client)->kill(server + "/store/" + part);
}

fs::path bad_luck::store_of(const std::string& server) const {
  return server == server_names[0]
             ? cluster_.data() / "store"
             : cluster_.data() / "servers" / server / "store";
}

void bad_luck::forget(const std::string& server) {
  auto pid = process_of(cluster_, server);
  if (pid == 0)
    return;
  auto store = store_of(server);
  auto then = cluster_.folder() / "then";
  auto now = cluster_.folder() / "now";
  fs::remove_all(then);
  fs::remove_all(now);
  // While it stands still, its files are what a crash would leave.
  ::kill(pid, SIGSTOP);
  fs::copy(store, then, fs::copy_options::recursive);
  ::kill(pid, SIGCONT);
  std::this_thread::sleep_for(
      std::chrono::milliseconds(100 + chance_() % 1'400));
  ::kill(pid, SIGSTOP);
  fs::rename(store, now);
  fs::rename(then, store);
  kill(server);
  restart_first();
  fs::remove_all(now);
}

/// What a store keeps in its log, or in its state, whose folder gets another
/// name when a whole state was fetched; neither locks nor LevelDB's own
/// account.
std::vector<fs::path> bad_luck::files_of(const std::string& server,
                                         const std::string& part) {
  std::vector<fs::path> result;
  std::error_code gone;
  for (auto& folder : fs::directory_iterator(store_of(server), gone)) {
    if (folder.path().filename().string().rfind(part, 0) != 0)
      continue;
    for (auto& file : fs::directory_iterator(folder.path(), gone))
      if (file.path().filename().string().rfind("LO", 0) != 0
          && file.file_size(gone) > 0)
        result.push_back(file.path());
  }
  std::sort(result.begin(), result.end());
  return result;
}

void bad_luck::damage(const std::string& server) {
  kill(server);
  auto files = files_of(server, chance_() % 2 == 0 ? "log" : "state");
  if (files.empty())
    return restart_first();
  std::error_code gone;
  auto& file = files[chance_() % files.size()];
  auto size = fs::file_size(file, gone);
  auto at = chance_() % size;
  switch (chance_() % 3) {
    case 0: {
      std::fstream in{file, std::ios::in | std::ios::out | std::ios::binary};
      in.seekg(static_cast<std::streamoff>(at));
      auto byte = in.get();
      in.seekp(static_cast<std::streamoff>(at));
      in.put(static_cast<char>(byte ^ (1 << chance_() % 8)));
      break;
    }
    case 1:
      fs::resize_file(file, at, gone);
      break;
    default: {
      std::fstream out{file, std::ios::in | std::ios::out | std::ios::binary};
      out.seekp(static_cast<std::streamoff>(at));
      for (auto i = at; i < std::min<uint64_t>(size, at + 4096); ++i)
        out.put('\0');
    }
  }
  restart_first();
}

bool bad_luck::replace(const std::string& server) {
  // It is in the process of `up`, which would go on with it only.
  if (server == server_names[0])
    kill(server);
  auto done = change_member(server);
  restart_first();
  return done;
}

bool bad_luck::replace_damaged() {
  auto status = cluster_.output();
  for (auto& name : server_names) {
    std::istringstream lines{status};
    for (std::string line; std::getline(lines, line);) {
      // What it says when it is there and refuses.
      auto sick = line.find(name) != std::string::npos
                  && (line.find("damaged") != std::string::npos
                      || line.find("corrupt") != std::string::npos);
      if (sick && !replace(name))
        return false;
    }
  }
  return true;
}

std::string bad_luck::account() {
  cluster_.run("store status");
  auto result = "\n" + cluster_.output();
  cluster_.run("topology");
  result += cluster_.output();
  for (auto& server : server_names) {
    auto log = server == server_names[0]
                   ? cluster_.data() / "troupe.log"
                   : cluster_.data() / "servers" / server / "troupe.log";
    std::ifstream in{log};
    std::string all{std::istreambuf_iterator<char>{in}, {}};
    result += "\n" + server + ", process "
              + std::to_string(process_of(cluster_, server)) + ":\n"
              + all.substr(all.size() - std::min<size_t>(all.size(), 4'000));
  }
  return result;
}

bool bad_luck::recover() {
  return wait_until([&] {
    if (!cluster_.run("store status") || !replace_damaged())
      return false;
    return cluster_.run("store hash");
  });
}

} // namespace troupe::test
