#include "cli/server_keeper.hpp"

#include "cli/directory_lock.hpp"
#include "cli/process_end.hpp"
#include "cli/server_settings.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace troupe::cli {

namespace fs = std::filesystem;

namespace {

kept_process server_of(const fs::path& data_dir, const std::string& name) {
  return {name,
          server_folder(data_dir, name),
          {"--data-dir", data_dir.string(), "server", "--name", name}};
}

/// Settings that cannot be read name everybody.
bool is_named(const fs::path& data_dir, const std::string& name) {
  auto settings = read_server_settings(data_dir);
  return !settings || settings->find(name) != nullptr;
}

} // namespace

server_keeper::server_keeper(fs::path data_dir, process_keeper::report tell)
    : data_dir_(std::move(data_dir)),
      wake_(eventfd(0, EFD_CLOEXEC)),
      processes_(std::move(tell),
                 [folder = data_dir_](const std::string& name) {
                   return is_named(folder, name);
                 }) {
  // nop
}

server_keeper::~server_keeper() {
  stop_following();
  close(wake_);
}

void server_keeper::end() {
  stop_following();
  processes_.end();
}

void server_keeper::stop_following() {
  ending_ = true;
  eventfd_write(wake_, 1);
  if (follower_.joinable())
    follower_.join();
}

void server_keeper::follow() {
  // Before they are read, so that no change is missed.
  auto changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  auto folder = server_settings_file(data_dir_).parent_path();
  inotify_add_watch(changes, folder.c_str(), IN_MOVED_TO | IN_CLOSE_WRITE);
  keep_named();
  follower_ = std::thread{[this, changes] { follow_settings(changes); }};
}

void server_keeper::follow_settings(int changes) {
  while (!ending_) {
    pollfd both[] = {{changes, POLLIN, 0}, {wake_, POLLIN, 0}};
    poll(both, 2, -1);
    alignas(inotify_event) char events[4096];
    while (read(changes, events, sizeof(events)) > 0)
      continue;
    if (!ending_)
      keep_named();
  }
  close(changes);
}

void server_keeper::keep_named() {
  auto settings = read_server_settings(data_dir_);
  if (!settings)
    return;
  for (size_t i = 1; i < settings->places.size(); ++i)
    if (auto& place = settings->places[i]; !place.elsewhere)
      processes_.keep(server_of(data_dir_, place.name));
}

bool end_servers(const fs::path& data_dir) {
  bool all = true;
  std::error_code none;
  for (auto& folder : fs::directory_iterator(data_dir / "servers", none))
    if (auto pid = holder_of(folder.path()).pid; pid > 0)
      all = end_process_of(pid) && all;
  return all;
}

} // namespace troupe::cli
