#include "runtime/oci/cgroup_files.hpp"
#include "runtime/process/pod_engine.hpp"
#include "runtime/process/pod_folder.hpp"

#include <chrono>
#include <csignal>
#include <optional>

namespace troupe::process {

using namespace std::chrono_literals;

namespace {

/// The machine may be busy, and who does not answer loses its pod.
constexpr auto list_deadline = 20s;
/// Connections that break at once again are not made for ever.
constexpr int most_reconnects = 3;

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
void take_state(const pod_record& p, container::Container& c,
                wire_reader& fields) {
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
  add_message(p.folder, c);
}

} // namespace

/// Connects to the pod's shim and asks how its containers stand.
void pod_runtime::engine::connect(pod& p, std::function<void(bool)> done) {
  auto fd = dial_shim(p.folder);
  if (fd < 0)
    return done(false);
  attach_link(p, fd);
  p.listing = true;
  p.link->request(frame_kind::list, {}, list_deadline,
                  [this, id = p.info.id(),
                   done = std::move(done)](const shim_answer& result) {
                    auto self = find_pod(id);
                    if (self == nullptr)
                      return done(false);
                    self->listing = false;
                    if (result.code != 0)
                      return done(false);
                    done(take_list(*self, result.rest));
                  });
}

/// Reads the next container of a list. Of a change since it was last heard of,
/// events tell.
std::optional<container::Container>
pod_runtime::engine::take_container(pod& p, wire_reader& fields, bool heard) {
  auto state = static_cast<container::ContainerState>(fields.u32());
  std::string id{fields.text()};
  auto known = p.containers.find(id);
  auto is_new = known == p.containers.end();
  auto c = is_new ? container::Container{} : known->second;
  auto before = c.state();
  c.set_id(id);
  c.set_sandbox_id(p.info.id());
  c.set_state(state);
  take_state(p, c, fields);
  // What it is was in a file that cannot be read any more.
  if (is_new && !heard && state != container::CREATED)
    p.damaged = true;
  if (is_new && state == container::CREATED) {
    // Whoever asked for it gave up before it was done.
    std::string which;
    wire_writer<std::string>{which}.text(id);
    p.link->request(frame_kind::remove, which, list_deadline,
                    [](const shim_answer&) {});
    return std::nullopt;
  }
  if (heard && !is_new && state != before)
    emit(state == container::EXITED ? container::CONTAINER_EXITED
                                    : container::CONTAINER_STARTED,
         c);
  return c;
}

/// Returns whether it can be told what all of the pod is.
bool pod_runtime::engine::take_list(pod& p, wire_reader fields) {
  auto heard = p.info.state() == container::READY;
  p.info.set_state(container::READY);
  p.info.set_pid(live_shim(p.folder));
  p.damaged = p.info.pid() == 0;
  if (p.config.network() == container::OWN)
    p.info.set_network_path("/proc/" + std::to_string(p.info.pid())
                            + "/ns/net");
  else if (p.config.network() == container::PATH)
    p.info.set_network_path(p.config.network_path());
  std::map<std::string, container::Container> told;
  for (auto count = fields.u32(); count > 0 && fields.good; --count)
    if (auto c = take_container(p, fields, heard))
      told[c->id()] = std::move(*c);
  // One that the shim has not is one whose creation was not finished, or that
  // was removed but for its folder.
  for (auto& [id, c] : p.containers)
    if (told.count(id) == 0)
      remove_folder(p.folder + "/" + container_folder_of(c));
  p.containers = std::move(told);
  // Nobody has heard of it yet, nor will.
  if (p.damaged && !heard)
    p.info.set_state(container::NOT_READY);
  return !p.damaged;
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
    auto self = find_pod(id);
    if (self == nullptr)
      return;
    if (!good)
      return lose(*self);
    tell_known(*self);
  });
}

/// For what was asked when the connection broke: runs once the shim has told
/// anew how its containers stand, or is lost.
void pod_runtime::engine::when_known(const std::string& id,
                                     event_loop::task what) {
  if (auto p = find_pod(id))
    p->unknown.push_back(std::move(what));
  else
    what();
}

void pod_runtime::engine::tell_known(pod& p) {
  auto tasks = std::move(p.unknown);
  p.unknown.clear();
  for (auto& what : tasks)
    what();
}

void pod_runtime::engine::lose(pod& p) {
  auto id = p.info.id();
  auto link = std::move(p.link);
  auto was_ready = p.info.state() == container::READY;
  p.info.set_state(container::NOT_READY);
  p.info.set_pid(0);
  p.info.clear_network_path();
  kill_shim(p.folder);
  // Where the inits of its containers are gone too, nobody else ends them.
  for (auto& [name, c] : p.containers)
    if (by_runtime())
      oci::remove_group(facts_.layout, group_of(p, c), true);
  // What the shim wrote before it ended is the truth.
  for (auto& c : load_containers(p.folder))
    if (c.state() == container::EXITED && p.containers.count(c.id()) > 0
        && p.containers[c.id()].state() != container::EXITED) {
      p.containers[c.id()] = c;
      if (was_ready)
        emit(container::CONTAINER_EXITED, c);
    }
  for (auto& [name, c] : p.containers) {
    if (c.state() == container::EXITED)
      continue;
    mark_unknown(c, "the pod's shim ended, and its processes with it");
    if (was_ready)
      emit(container::CONTAINER_EXITED, c);
  }
  if (was_ready && !p.stopping)
    emit_lost(p);
  // Whoever hears of it may remove the pod.
  if (link) {
    link->close();
    // It may be the caller.
    loop_.post([link] {});
  }
  end_streams_of(id);
  if (auto left = find_pod(id))
    tell_known(*left);
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
  take_state(p, c, fields);
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
