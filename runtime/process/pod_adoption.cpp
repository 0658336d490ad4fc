#include "runtime/process/pod_engine.hpp"
#include "runtime/process/pod_folder.hpp"
#include "runtime/process/program_output.hpp"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <unistd.h>

namespace troupe::process {

using namespace std::chrono_literals;

namespace {

/// Until the one before has let go of the pods.
constexpr auto place_pause = 10ms;

} // namespace

pod_runtime::engine::engine(runtime_options options, event_handler events)
    : options_(std::move(options)), events_(std::move(events)) {
  loop_.post([this] { begin(); });
}

pod_runtime::engine::~engine() {
  {
    std::lock_guard guard{door_->mutex};
    door_->open = false;
  }
  loop_.stop();
  for (auto& [id, p] : pods_)
    p->link.reset();
  for (auto fd : {inotify_, place_})
    if (fd >= 0)
      ::close(fd);
}

void pod_runtime::engine::when_ready(event_loop::task what) {
  loop_.post([this, what = std::move(what)]() mutable {
    if (ready_)
      what();
    else
      waiting_.push_back(std::move(what));
  });
}

/// A shim serves one connection. Whoever held the pods before may not have
/// ended yet, and would take ours away in the midst of what it does.
bool pod_runtime::engine::take_place() {
  if (place_ < 0)
    place_ = ::open(options_.pods.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return place_ < 0 || flock(place_, LOCK_EX | LOCK_NB) == 0
         || errno != EWOULDBLOCK;
}

void pod_runtime::engine::begin() {
  if (auto err = make_folder(options_.pods))
    unable_ = message_of(err);
  if (!take_place()) {
    loop_.after(place_pause, [this] { begin(); });
    return;
  }
  probe_machine();
  if (by_runtime() && unable_.empty())
    probe_runtime();
  adopting_ = 1;
  adopt_all();
  if (by_runtime())
    clear_strange_groups();
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
  if (by_runtime())
    release_strange_images();
  auto tasks = std::move(waiting_);
  waiting_.clear();
  for (auto& what : tasks)
    what();
}

void pod_runtime::engine::adopt(const std::string& id,
                                const std::string& folder) {
  auto stored = load_sandbox(folder);
  auto own = stored ? sandbox_id_of(stored->config)
                    : expected<std::string>{std::string{}};
  if (!own || *own != id) {
    // Its creation was never answered, or what it is cannot be read any more.
    kill_shim(folder);
    return remove_folder(folder);
  }
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
      lose(*self);
    }
    adopted_one();
  });
}

} // namespace troupe::process
