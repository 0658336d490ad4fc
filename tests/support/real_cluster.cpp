#include "tests/support/real_cluster.hpp"

#include "messages/call.pb.h"
#include "runtime/crypto/kubeconfig.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace troupe::test {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr uid_t nobody = 65534;
/// The variable by which the containers of a cluster are told from all others.
constexpr auto mark = "TEST_CLUSTER";

bool may_run(const std::string& user, const std::string& path) {
  return std::system((user + "test -x " + path + " 2>/dev/null").c_str()) == 0;
}

call::Request about(call::Verb verb, const kind_info& kind,
                    const std::string& ns, const std::string& name = {}) {
  call::Request msg;
  msg.set_verb(verb);
  msg.set_api_version(kind.api_version());
  msg.set_kind(std::string{kind.kind});
  if (kind.namespaced)
    msg.set_namespace_(ns);
  msg.set_name(name);
  return msg;
}

expected<object> one_of(expected<answer> from) {
  if (!from)
    return from.error();
  return from->one();
}

} // namespace

real_cluster::real_cluster(real_options options)
    : options_(std::move(options)) {
  auto where =
      options_.where.empty() ? fs::temp_directory_path() : options_.where;
  std::string name = where / "troupe-XXXXXX";
  if (mkdtemp(name.data()) == nullptr)
    throw std::runtime_error("no temporary folder");
  folder_ = name;
  plain_ = options_.plain_user && geteuid() == 0;
  if (plain_ && chown(folder_.c_str(), nobody, nobody) != 0)
    throw std::runtime_error("the folder cannot be given away");
}

real_cluster::~real_cluster() {
  client_.reset();
  if (fs::exists(data() / "lock"))
    run("down");
  for (auto& p : with_variable(processes(), mark, folder_.string()))
    kill(p.pid, SIGKILL);
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string real_cluster::as_user() const {
  if (!plain_)
    return {};
  auto id = std::to_string(nobody);
  return "setpriv --reuid=" + id + " --regid=" + id + " --clear-groups ";
}

std::string real_cluster::program(const std::string& name) {
  std::string built = TROUPE_BUILD_DIR "/" + name;
  if (!plain_ || may_run(as_user(), built))
    return built;
  // The build lies where only its owner may look.
  auto copy = folder_ / "bin" / name;
  fs::create_directories(copy.parent_path());
  if (!fs::exists(copy))
    fs::copy_file(built, copy);
  return copy.string();
}

bool real_cluster::run(const std::string& words) {
  auto into = folder_ / "output";
  program("troupe-shim"); // Lies beside the program.
  auto preload = options_.preload.empty()
                     ? std::string{}
                     : "env LD_PRELOAD=" + options_.preload.string()
                           + " TROUPE_FAULTS=" + (folder_ / "faults").string()
                           + " ";
  auto launcher = words.rfind("up ", 0) == 0 ? options_.launcher : "";
  auto line = "timeout -s KILL 60 " + launcher + as_user() + preload
              + program("troupe") + " --data-dir " + data().string() + " "
              + words + " >" + into.string() + " 2>&1 </dev/null";
  auto status = std::system(line.c_str());
  output_ = content_of(into);
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return code_ == 0;
}

bool real_cluster::up() {
  client_.reset();
  std::string hosts;
  for (auto& host : options_.hosts)
    hosts += (hosts.empty() ? " --bind-address " : ",") + host;
  auto good =
      run("up --nodes " + std::to_string(options_.nodes) + " --runtime "
          + options_.runtime
          + (options_.network.empty() ? "" : " --network " + options_.network)
          + (options_.servers == 1
                 ? ""
                 : " --servers " + std::to_string(options_.servers))
          + (options_.processes ? " --processes" : "")
          + (options_.apart ? " --apart" : "")
          + (options_.without.empty() ? "" : " --without " + options_.without)
          + hosts + " --port 0 --detach");
  auto record = content_of(data() / "network"); // "bridge 10.7.0.0/16"
  if (auto space = record.find(' '); space != std::string::npos)
    addresses_ = record.substr(space + 1, record.find(".0.0/") - space);
  return good;
}

namespace {

/// Who holds the lock of this folder; 0 for nobody.
pid_t holder_of(const fs::path& folder) {
  auto lock = folder / "lock";
  return is_locked(lock) ? std::atoi(content_of(lock).c_str()) : 0;
}

void kill_holder_of(const fs::path& folder) {
  auto pid = holder_of(folder);
  if (pid <= 0)
    throw std::runtime_error("no process to kill");
  kill(pid, SIGKILL);
  if (!wait_until([&] { return holder_of(folder) != pid; }))
    throw std::runtime_error("a killed process lives on");
}

} // namespace

pid_t real_cluster::server() const {
  return holder_of(data());
}

std::vector<fs::path> real_cluster::components() const {
  std::vector<fs::path> result;
  for (auto* kind : {"servers", "processes"}) {
    std::error_code none;
    for (auto& each : fs::directory_iterator(data() / kind, none))
      if (holder_of(each.path()) != 0)
        result.push_back(each.path());
  }
  return result;
}

void real_cluster::kill_server() {
  kill_holder_of(data());
  // Nobody starts them again now. One may be ending by itself.
  if (options_.apart)
    wait_until([&] {
      auto left = components();
      for (auto& each : left)
        if (auto pid = holder_of(each); pid > 0)
          kill(pid, SIGKILL);
      return left.empty();
    });
  client_.reset();
}

pid_t real_cluster::server(const std::string& name) const {
  return holder_of(data() / "servers" / name);
}

pid_t process_that_joined(const fs::path& data, const std::string& name) {
  return holder_of(data / "processes" / name);
}

pid_t real_cluster::joined(const std::string& name) const {
  return process_that_joined(data(), name);
}

void real_cluster::kill_server(const std::string& name) {
  kill_holder_of(data() / "servers" / name);
}

command_client& real_cluster::client() {
  if (!client_)
    client_ = connect();
  return *client_;
}

std::unique_ptr<command_client> real_cluster::connect() const {
  auto config = crypto::read_kubeconfig(data() / "kubeconfig");
  if (!config)
    throw std::runtime_error(message_of(config.error()));
  auto access = crypto::choose(*config, {});
  if (!access)
    throw std::runtime_error(message_of(access.error()));
  auto connected = command_client::connect(*access);
  if (!connected)
    throw std::runtime_error(message_of(connected.error()));
  return std::move(*connected);
}

expected<std::vector<object>> real_cluster::list(const kind_info& kind,
                                                 const std::string& ns,
                                                 const std::string& labels) {
  auto msg = about(call::LIST, kind, ns);
  msg.set_label_selector(labels);
  auto found = client().ask(msg);
  if (!found)
    return found.error();
  return found->objects;
}

expected<object> real_cluster::get(const kind_info& kind,
                                   const std::string& name,
                                   const std::string& ns) {
  return one_of(client().ask(about(call::GET, kind, ns, name)));
}

std::string real_cluster::addresses() const {
  return addresses_;
}

std::vector<std::string> real_cluster::remains() const {
  std::vector<std::string> result;
  auto all = processes();
  auto below = folder_.string() + "/";
  for (auto& p : all) {
    auto marked = p.environment.find(mark);
    if (p.folder.rfind(below, 0) == 0
        || p.command.find(below) != std::string::npos
        || (marked != p.environment.end()
            && marked->second == folder_.string()))
      result.push_back("process " + std::to_string(p.pid) + " " + p.name + ": "
                       + p.command);
  }
  if (!addresses_.empty()) {
    for (auto& name : interfaces_of(addresses_))
      result.push_back("interface " + name);
    if (is_locked(fs::path{"/tmp/troupe-networks"} / (addresses_ + "0.0")))
      result.push_back("lock of " + addresses_ + "0.0");
  }
  for (auto& mount : mounts_below(folder_))
    result.push_back("mount " + mount);
  if (is_locked(data() / "lock"))
    result.push_back("lock of the data directory");
  return result;
}

expected<object> create(command_client& by, const object& what) {
  return one_of(
      by.ask(about(call::CREATE, what.kind(), what.ns(), what.name()), what));
}

expected<object> remove(command_client& by, const kind_info& kind,
                        const std::string& name, int64_t grace) {
  auto msg = about(call::DELETE, kind, "default", name);
  if (grace >= 0)
    msg.set_grace_period_seconds(grace);
  return one_of(by.ask(msg));
}

expected<object> patch(command_client& by, const kind_info& kind,
                       const std::string& name, const std::string& merge) {
  auto msg = about(call::PATCH, kind, "default", name);
  msg.set_patch_type(call::MERGE);
  msg.set_patch(merge);
  return one_of(by.ask(msg));
}

bool wait_until(const std::function<bool()>& done, std::chrono::seconds most) {
  auto end = std::chrono::steady_clock::now() + most;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    // Whoever is waited for needs the processor too.
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

} // namespace troupe::test
