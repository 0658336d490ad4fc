#include "runtime/process/pod_engine.hpp"
#include "runtime/process/pod_folder.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::process {

using namespace std::chrono_literals;

namespace {

constexpr auto list_deadline = 3s;
/// Connections that break at once again are not made for ever.
constexpr int most_reconnects = 3;

/// What the program prints; empty when it cannot be run.
std::string output_of(const std::string& program, const char* option) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return {};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_RDWR, 0);
  std::string name = program;
  std::string first = option;
  char* arguments[] = {name.data(), first.data(), nullptr};
  char* environment[] = {nullptr};
  pid_t pid = 0;
  auto code = posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments,
                          environment);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string result;
  char bytes[512];
  for (ssize_t size; code == 0 && (size = read(ends[0], bytes, sizeof(bytes)));)
    if (size > 0)
      result.append(bytes, static_cast<size_t>(size));
    else if (errno != EINTR)
      break;
  close(ends[0]);
  int status = 0;
  if (code == 0)
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
  return result;
}

/// The name of a socket may be longer than an address can hold: it is reached
/// by a short name for its folder.
int dial(const std::string& folder) {
  auto place = open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (place < 0)
    return -1;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof(address.sun_path),
           "/proc/self/fd/%d/shim.sock", place);
  auto fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  auto good =
      fd >= 0
      && connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address))
             == 0;
  close(place);
  if (!good && fd >= 0) {
    close(fd);
    fd = -1;
  }
  return fd;
}

void mark_unknown(container::Container& c, const char* why) {
  c.set_state(container::EXITED);
  c.set_pid(0);
  c.set_finished_at(now_ns());
  c.set_exit_code(137);
  c.set_signal(SIGKILL);
  c.set_reason("ContainerStatusUnknown");
  c.set_message(why);
}

/// Reads how the container stands; what does not apply is not set.
void take_state(container::Container& c, wire_reader& fields) {
  auto pid = fields.i64();
  auto started = fields.i64();
  auto finished = fields.i64();
  auto code = fields.i64();
  auto signal = fields.i64();
  auto reason = fields.text();
  auto message = fields.text();
  c.clear_pid();
  if (started > 0)
    c.set_started_at(started);
  if (c.state() == container::RUNNING)
    c.set_pid(pid);
  if (c.state() != container::EXITED)
    return;
  c.set_finished_at(finished);
  c.set_exit_code(static_cast<int32_t>(code));
  c.set_signal(static_cast<int32_t>(signal));
  c.set_reason(std::string{reason});
  c.set_message(std::string{message});
}

} // namespace

pod_runtime::engine::engine(runtime_options options, event_handler events)
    : options_(std::move(options)), events_(std::move(events)) {
  loop_.post([this] { begin(); });
}

pod_runtime::engine::~engine() {
  loop_.stop();
  for (auto& [id, p] : pods_)
    p->link.reset();
  if (inotify_ >= 0)
    ::close(inotify_);
}

void pod_runtime::engine::when_ready(event_loop::task what) {
  loop_.post([this, what = std::move(what)]() mutable {
    if (ready_)
      what();
    else
      waiting_.push_back(std::move(what));
  });
}

void pod_runtime::engine::begin() {
  if (auto err = make_folder(options_.pods))
    unable_ = message_of(err);
  probe_machine();
  adopting_ = 1;
  adopt_all();
  adopted_one();
}

void pod_runtime::engine::probe_machine() {
  auto text = output_of(options_.shim, "--probe");
  unsigned flags = 0;
  int words = 0;
  if (sscanf(text.c_str(), "%u %n", &flags, &words) != 1) {
    unable_ = "cannot run " + options_.shim;
    return;
  }
  isolation_ = options_.isolation.value_or(flags);
  reason_ = text.substr(static_cast<size_t>(words));
  while (!reason_.empty() && reason_.back() == '\n')
    reason_.pop_back();
  if (!reason_.empty())
    return;
  reason_ = isolation_ == 0 ? "no namespaces: volumes only by "
                              "TROUPE_VOLUME_<name>"
            : isolation_ & use_user_namespace
                ? "namespaces by an unprivileged user namespace"
                : "namespaces by root";
}

void pod_runtime::engine::adopt_all() {
  std::error_code code;
  for (auto& entry : std::filesystem::directory_iterator(options_.pods, code)) {
    if (entry.is_directory(code))
      adopt(entry.path().filename().string(), entry.path().string());
  }
}

void pod_runtime::engine::adopted_one() {
  if (--adopting_ > 0)
    return;
  ready_ = true;
  auto tasks = std::move(waiting_);
  waiting_.clear();
  for (auto& what : tasks)
    what();
}

void pod_runtime::engine::adopt(const std::string& id,
                                const std::string& folder) {
  auto stored = load_sandbox(folder);
  if (!stored)
    return remove_folder(folder); // Its creation was never answered.
  auto p = std::make_unique<pod>();
  p->config = stored->config;
  p->folder = folder;
  auto& info = p->info;
  info.set_id(id);
  info.set_uid(stored->config.uid());
  info.set_name(stored->config.name());
  info.set_namespace_(stored->config.namespace_());
  info.set_attempt(stored->config.attempt());
  info.set_state(container::NOT_READY);
  info.set_created_at(stored->created_at);
  info.set_address(stored->config.address());
  info.set_network(stored->config.network());
  *info.mutable_labels() = stored->config.labels();
  *info.mutable_annotations() = stored->config.annotations();
  for (auto& c : load_containers(folder))
    p->containers[c.id()] = c;
  auto& kept = *(pods_[id] = std::move(p));
  ++adopting_;
  connect(kept, [this, id](bool good) {
    if (auto self = find_pod(id); self && !good) {
      self->stopping = true; // Nobody has heard of it yet: no event.
      if (auto pid = live_shim(self->folder); pid > 0)
        kill(static_cast<pid_t>(pid), SIGKILL);
      lose(*self);
    }
    adopted_one();
  });
}

/// Connects to the pod's shim and asks how its containers stand.
void pod_runtime::engine::connect(pod& p, std::function<void(bool)> done) {
  auto fd = dial(p.folder);
  if (fd < 0)
    return done(false);
  attach_link(p, fd);
  p.link->request(frame_kind::list, {}, list_deadline,
                  [this, id = p.info.id(),
                   done = std::move(done)](const shim_answer& result) {
                    auto self = find_pod(id);
                    if (self == nullptr || result.code != 0)
                      return done(false);
                    take_list(*self, result.rest);
                    done(true);
                  });
}

void pod_runtime::engine::take_list(pod& p, wire_reader fields) {
  p.info.set_state(container::READY);
  p.info.set_pid(live_shim(p.folder));
  if (p.config.network() == container::OWN)
    p.info.set_network_path("/proc/" + std::to_string(p.info.pid())
                            + "/ns/net");
  else if (p.config.network() == container::PATH)
    p.info.set_network_path(p.config.network_path());
  std::map<std::string, container::Container> told;
  for (auto count = fields.u32(); count > 0 && fields.good; --count) {
    auto state = static_cast<container::ContainerState>(fields.u32());
    std::string id{fields.text()};
    auto known = p.containers.find(id);
    auto c =
        known == p.containers.end() ? container::Container{} : known->second;
    c.set_id(id);
    c.set_sandbox_id(p.info.id());
    c.set_state(state);
    take_state(c, fields);
    told[id] = std::move(c);
  }
  // One that the shim has not is one whose creation was not finished, or that
  // was removed but for its folder.
  for (auto& [id, c] : p.containers)
    if (told.count(id) == 0)
      remove_folder(p.folder + "/" + container_folder_of(c));
  p.containers = std::move(told);
}

void pod_runtime::engine::attach_link(pod& p, int fd) {
  p.link = std::make_shared<pod_link>(loop_, fd);
  p.link->start(
      [this, id = p.info.id()](const frame_header& header, wire_reader fields) {
        on_frame(id, header, fields);
      },
      [this, id = p.info.id()] { on_link_lost(id); });
}

void pod_runtime::engine::on_link_lost(const std::string& id) {
  auto p = find_pod(id);
  if (p == nullptr || p->info.state() == container::NOT_READY
      || !p->starting.empty())
    return;
  end_streams_of(id);
  if (p->stopping || ++p->reconnects > most_reconnects)
    return lose(*p);
  connect(*p, [this, id](bool good) {
    if (auto self = find_pod(id); self && !good)
      lose(*self);
  });
}

void pod_runtime::engine::lose(pod& p) {
  auto was_ready = p.info.state() == container::READY;
  p.info.set_state(container::NOT_READY);
  p.info.set_pid(0);
  p.info.clear_network_path();
  if (auto link = std::move(p.link)) {
    link->close();
    // It may be the caller.
    loop_.post([link] {});
  }
  end_streams_of(p.info.id());
  // What the shim wrote before it ended is the truth.
  for (auto& c : load_containers(p.folder))
    if (c.state() == container::EXITED && p.containers.count(c.id()) > 0
        && p.containers[c.id()].state() != container::EXITED) {
      p.containers[c.id()] = c;
      if (was_ready)
        emit(container::CONTAINER_EXITED, c);
    }
  for (auto& [id, c] : p.containers) {
    if (c.state() == container::EXITED)
      continue;
    mark_unknown(c, "the pod's shim ended, and its processes with it");
    if (was_ready)
      emit(container::CONTAINER_EXITED, c);
  }
  if (was_ready && !p.stopping)
    emit_lost(p);
}

void pod_runtime::engine::on_frame(const std::string& id,
                                   const frame_header& header,
                                   wire_reader fields) {
  auto p = find_pod(id);
  if (p == nullptr)
    return;
  if (header.kind == frame_kind::exited)
    on_exited(*p, fields);
  else
    on_stream_frame(header, fields);
}

void pod_runtime::engine::on_exited(pod& p, wire_reader fields) {
  auto known = p.containers.find(std::string{fields.text()});
  if (known == p.containers.end())
    return;
  auto& c = known->second;
  c.set_state(container::EXITED);
  take_state(c, fields);
  emit(container::CONTAINER_EXITED, c);
  for (auto& [id, s] : streams_)
    if (s.log && s.container == c.id())
      loop_.post([this, stream = id] { pump_log(stream); });
}

void pod_runtime::engine::emit(container::EventType type,
                               const container::Container& c) {
  container::Event event;
  event.set_type(type);
  event.set_at(now_ns());
  *event.mutable_container() = c;
  events_(std::move(event));
}

void pod_runtime::engine::emit_lost(const pod& p) {
  container::Event event;
  event.set_type(container::SANDBOX_LOST);
  event.set_at(now_ns());
  *event.mutable_sandbox() = p.info;
  events_(std::move(event));
}

} // namespace troupe::process
