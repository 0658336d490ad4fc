#include "runtime/process/pod_engine.hpp"
#include "runtime/process/pod_folder.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::process {

using namespace std::chrono_literals;

namespace {

constexpr auto start_deadline = 10s;
constexpr size_t longest_hostname = 63;

caf::error refuse(const std::string& field, const std::string& why) {
  return make_error(ec::invalid, field + ": " + why);
}

std::string resolv_conf_of(const container::Dns& dns) {
  std::string result;
  auto line = [&](const char* word, const auto& texts) {
    if (texts.empty())
      return;
    result += word;
    for (auto& text : texts)
      result += " " + text;
    result += "\n";
  };
  for (auto& server : dns.servers())
    result += "nameserver " + server + "\n";
  line("search", dns.searches());
  line("options", dns.options());
  return result;
}

caf::error check(const container::SandboxConfig& config, uint32_t isolation) {
  if (config.name().empty())
    return refuse("config.name", "must not be empty");
  if (config.hostname().size() > longest_hostname
      || config.hostname().find('\0') != std::string::npos)
    return refuse("config.hostname", "must have at most 63 characters");
  auto& logs = config.log_directory();
  if (!logs.empty() && (logs.front() != '/' || logs.find('\0') != logs.npos))
    return refuse("config.logDirectory", "must be absolute");
  if (config.network() == container::OWN && !(isolation & own_network))
    return refuse("config.network",
                  "this machine allows no network namespaces");
  if (config.network() == container::PATH && config.network_path().empty())
    return refuse("config.networkPath", "must not be empty");
  for (auto& [name, value] : config.sysctls())
    if (name.empty() || name.find("..") != name.npos
        || name.find_first_of(std::string_view{"=\0", 2}) != name.npos
        || value.find('\0') != value.npos)
      return refuse("config.sysctls", "\"" + name + "\" is no name");
  return {};
}

} // namespace

int64_t now_ns() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(system_clock::now().time_since_epoch())
      .count();
}

caf::error error_of(const shim_answer& answer) {
  switch (answer.code) {
    case ENOENT:
      return make_error(ec::not_found, answer.message);
    case ESRCH:
    case EBUSY:
    case EALREADY:
      return make_error(ec::conflict, answer.message);
    case EEXIST:
      return make_error(ec::already_exists, answer.message);
    case EPIPE:
      return make_error(ec::service_unavailable, answer.message);
    case ETIMEDOUT:
      return make_error(ec::timeout, answer.message);
    default:
      return make_error(ec::invalid, answer.message);
  }
}

container::RuntimeStatus pod_runtime::engine::status() const {
  container::RuntimeStatus result;
  result.set_name(by_runtime() ? "oci" : "process");
  result.set_version(by_runtime() ? facts_.version : "0.1.0");
  result.set_ready(unable_.empty());
  result.set_mounts(isolation_ & use_mounts);
  result.set_networks(isolation_ & own_network);
  result.set_processes(isolation_ & use_processes);
  result.set_message(unable_.empty() ? reason_ : unable_);
  return result;
}

void pod_runtime::engine::state(reply<container::State> done) {
  auto awaited = std::make_shared<size_t>(1);
  auto arrived = [this, awaited, done](expected<container::Sandbox>) {
    if (--*awaited == 0)
      done(present());
  };
  for (auto& [id, p] : pods_)
    if (!p->starting.empty()) {
      ++*awaited;
      p->starting.push_back(arrived);
    }
  arrived(container::Sandbox{});
}

container::State pod_runtime::engine::present() const {
  container::State result;
  for (auto& [id, p] : pods_) {
    // One that is being made counts as there, with nothing in it: its address
    // is taken, and whoever asks for it again gets this one.
    *result.add_sandboxes() = p->info;
    if (!p->starting.empty())
      continue;
    for (auto& [name, c] : p->containers)
      if (p->creating.count(name) == 0)
        *result.add_containers() = c;
  }
  return result;
}

pod_runtime::engine::pod* pod_runtime::engine::find_pod(const std::string& id) {
  auto at = pods_.find(id);
  return at == pods_.end() ? nullptr : at->second.get();
}

/// Starts a shim for the sandbox; returns the connection to it.
expected<int> pod_runtime::engine::spawn_shim(const std::string& id) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return make_error(ec::internal_error,
                      std::string{"socketpair: "} + strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int fd = 0; fd < 3; ++fd)
    posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 3);
  posix_spawn_file_actions_addclosefrom_np(&actions, 4);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string name = "troupe-shim";
  std::string option = "--pod";
  std::string whose = id;
  char* arguments[] = {name.data(), option.data(), whose.data(), nullptr};
  char* environment[] = {nullptr};
  pid_t pid = 0;
  auto code = posix_spawn(&pid, options_.shim.c_str(), &actions, &attributes,
                          arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  ::close(ends[1]);
  if (code != 0) {
    ::close(ends[0]);
    return make_error(ec::service_unavailable,
                      "start " + options_.shim + ": " + strerror(code));
  }
  // It forks at once and ends: what stays is nobody's child.
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return ends[0];
}

std::string pod_runtime::engine::describe(const pod& p,
                                          const std::string& hostname) const {
  auto flags = isolation_;
  if (p.config.network() != container::OWN)
    flags &= ~static_cast<uint32_t>(own_network);
  if (by_runtime()) {
    flags = (flags & own_network) | use_runtime;
    flags |= facts_.layout.hybrid ? hide_unified : 0u;
    flags |= p.config.node_ipc() ? static_cast<uint32_t>(node_ipc) : 0u;
  }
  std::string fields;
  wire_writer<std::string> out{fields};
  out.u32(flags).text(p.folder).text(hostname).text(
      p.config.network() == container::PATH ? p.config.network_path() : "");
  // Those of the node are not a pod's to change.
  std::vector<std::string> sysctls;
  for (auto& [name, value] : p.config.sysctls())
    if (by_runtime())
      sysctls.push_back(name + "=" + value);
  out.texts(sysctls);
  return fields;
}

/// Puts on disk, and among the control groups, what the pod needs there.
caf::error pod_runtime::engine::prepare_pod(const pod& p) {
  if (auto err = make_folder(p.folder))
    return err;
  if (auto err = make_folder(p.folder + "/c"))
    return err;
  if (auto err = store_sandbox(p.folder, {p.info.created_at(), p.config}))
    return err;
  if (p.config.has_dns()) {
    auto file = p.folder + "/resolv.conf";
    if (auto err = write_file(file, resolv_conf_of(p.config.dns())))
      return err;
    std::filesystem::permissions(file, std::filesystem::perms{0644});
  }
  if (!by_runtime())
    return {};
  if (auto err = write_pod_files(p))
    return err;
  return make_pod_group(p);
}

void pod_runtime::engine::run(const container::SandboxConfig& config,
                              reply<container::Sandbox> done) {
  if (!unable_.empty())
    return done(make_error(ec::service_unavailable, unable_));
  auto id = sandbox_id_of(config);
  if (!id)
    return done(id.error());
  if (auto err = check(config, isolation_))
    return done(err);
  if (auto known = find_pod(*id)) {
    if (known->starting.empty())
      done(known->info);
    else
      known->starting.push_back(std::move(done));
    return;
  }
  auto p = std::make_unique<pod>();
  p->config = config;
  p->folder = options_.pods + "/" + *id;
  auto& info = p->info;
  info.set_id(*id);
  info.set_uid(config.uid());
  info.set_name(config.name());
  info.set_namespace_(config.namespace_());
  info.set_attempt(config.attempt());
  info.set_created_at(now_ns());
  info.set_address(config.address());
  info.set_network(config.network());
  *info.mutable_labels() = config.labels();
  *info.mutable_annotations() = config.annotations();
  auto err = prepare_pod(*p);
  auto fd = err ? expected<int>{err} : spawn_shim(*id);
  if (!fd) {
    if (by_runtime())
      clear_pod_group(*p, [] {});
    remove_folder(p->folder);
    return done(fd.error());
  }
  p->starting.push_back(std::move(done));
  auto& kept = *(pods_[*id] = std::move(p));
  attach_link(kept, *fd);
  kept.link->request(frame_kind::init, describe(kept, config.hostname()),
                     start_deadline,
                     [this, key = *id](const shim_answer& result) {
                       finish_start(key, result);
                     });
}

void pod_runtime::engine::finish_start(const std::string& id,
                                       const shim_answer& result) {
  auto p = find_pod(id);
  if (p == nullptr)
    return;
  auto waiting = std::move(p->starting);
  p->starting.clear();
  if (result.code != 0) {
    auto err = make_error(ec::service_unavailable,
                          "sandbox " + id + ": " + result.message);
    auto folder = p->folder;
    p->stopping = true;
    p->link->close();
    kill_shim(folder);
    if (by_runtime())
      clear_pod_group(*p, [] {});
    pods_.erase(id);
    remove_folder(folder);
    for (auto& done : waiting)
      done(err);
    return;
  }
  auto rest = result.rest;
  p->info.set_state(container::READY);
  p->info.set_pid(rest.i64());
  if (p->config.network() == container::OWN)
    p->info.set_network_path("/proc/" + std::to_string(p->info.pid())
                             + "/ns/net");
  else if (p->config.network() == container::PATH)
    p->info.set_network_path(p->config.network_path());
  if (by_runtime())
    balance();
  auto info = p->info;
  for (auto& done : waiting)
    done(info);
}

void pod_runtime::engine::stop_sandbox(const std::string& id,
                                       reply<container::Done> done) {
  auto p = find_pod(id);
  if (p == nullptr)
    return done(make_error(ec::not_found, "no sandbox " + id));
  if (!p->starting.empty())
    return done(make_error(ec::conflict, "sandbox " + id + " is starting"));
  if (!p->link) {
    lose(*p);
    return done(container::Done{});
  }
  p->ending.push_back(std::move(done));
  if (p->stopping)
    return; // Asked before: it is the same end.
  p->stopping = true;
  p->link->request(frame_kind::shutdown, {}, options_.stop_patience,
                   [this, id](const shim_answer&) { finish_stop(id); });
}

void pod_runtime::engine::finish_stop(const std::string& id) {
  auto p = find_pod(id);
  if (p == nullptr)
    return;
  lose(*p);
  p = find_pod(id);
  if (p == nullptr)
    return;
  // The first of them may remove it.
  auto waiting = std::move(p->ending);
  for (auto& done : waiting)
    done(container::Done{});
}

void pod_runtime::engine::remove_sandbox(const std::string& id,
                                         reply<container::Done> done) {
  auto p = find_pod(id);
  if (p == nullptr)
    return done(container::Done{});
  auto forget = [this, id, done](expected<container::Done> result) {
    if (!result)
      return done(result.error());
    auto finish = [this, id, done] {
      if (auto self = find_pod(id)) {
        for (auto& [name, c] : self->containers)
          let_go(name);
        remove_folder(self->folder);
        pods_.erase(id);
      }
      done(container::Done{});
    };
    auto self = find_pod(id);
    // One that was only about to come when it was looked for.
    if (self != nullptr)
      kill_shim(self->folder);
    if (self != nullptr && by_runtime())
      clear_pod_group(*self, finish);
    else
      finish();
  };
  if (p->info.state() == container::NOT_READY)
    forget(container::Done{});
  else
    stop_sandbox(id, forget);
}

} // namespace troupe::process
