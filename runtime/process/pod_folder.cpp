#include "runtime/process/pod_folder.hpp"

#include "runtime/process/log_stream.hpp"
#include "runtime/text/json_scanner.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace troupe::process {

namespace fs = std::filesystem;

namespace {

bool is_file_name(const std::string& text, size_t longest) {
  if (text.empty() || text.size() > longest || text.front() == '.')
    return false;
  for (auto c : text)
    if (!isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '.'
        && c != '_')
      return false;
  return true;
}

std::string folder_name(const std::string& name, uint32_t attempt) {
  return "c/" + name + "_" + std::to_string(attempt);
}

constexpr size_t most_message = 4096;
constexpr size_t most_from_log = 2048;
constexpr int64_t most_lines_from_log = 80;

/// Reads at most so many bytes of a file of the container's making; nothing
/// from what is no file.
std::string beginning_of(const std::string& path, size_t most) {
  std::string result(most, '\0');
  auto fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  auto size = fd < 0 ? -1 : read(fd, result.data(), most);
  if (fd >= 0)
    close(fd);
  result.resize(size < 0 ? 0 : static_cast<size_t>(size));
  return result;
}

std::string end_of_log(const std::string& path) {
  container::Logs last;
  last.set_tail_lines(most_lines_from_log);
  log_stream log{path, last};
  std::string result;
  container::Channel channel{};
  while (log.read(result, channel, most_message))
    if (result.size() > most_from_log)
      result.erase(0, result.size() - most_from_log);
  return result;
}

void load_state(const std::string& folder, container::Container& out) {
  std::ifstream file(folder + "/state");
  std::string line;
  if (!std::getline(file, line))
    return;
  unsigned state = 0;
  long long pid = 0;
  long long started = 0;
  long long finished = 0;
  long long code = 0;
  long long signal = 0;
  char reason[64] = {0};
  if (sscanf(line.c_str(), "%u %lld %lld %lld %lld %lld %63s", &state, &pid,
             &started, &finished, &code, &signal, reason)
      != 7)
    return;
  out.set_started_at(started);
  if (state == 1) {
    out.set_state(container::RUNNING);
    out.set_pid(pid);
    return;
  }
  out.set_state(container::EXITED);
  out.set_finished_at(finished);
  out.set_exit_code(static_cast<int32_t>(code));
  out.set_signal(static_cast<int32_t>(signal));
  out.set_reason(reason);
  if (std::getline(file, line))
    out.set_message(line);
}

} // namespace

void add_message(const std::string& pod_folder, container::Container& c) {
  if (!c.message().empty())
    return;
  auto file = pod_folder + "/" + container_folder_of(c) + "/" + message_file;
  auto text = beginning_of(file, most_message);
  if (text.empty() && c.message_from_log() && c.exit_code() != 0)
    text = end_of_log(c.log_path());
  c.set_message(text::as_utf8(text));
}

expected<std::string> sandbox_id_of(const container::SandboxConfig& config) {
  if (!is_file_name(config.uid(), 128))
    return make_error(ec::invalid, "config.uid: \"" + config.uid()
                                       + "\" must be 1 to 128 letters, digits, "
                                         "'-', '.' or '_'");
  return config.uid() + "_" + std::to_string(config.attempt());
}

std::string container_id_of(const std::string& sandbox,
                            const container::ContainerConfig& config) {
  return sandbox + "_" + config.name() + "_" + std::to_string(config.attempt());
}

std::string container_folder_of(const container::ContainerConfig& config) {
  return folder_name(config.name(), config.attempt());
}

std::string container_folder_of(const container::Container& status) {
  return folder_name(status.name(), status.attempt());
}

caf::error make_folder(const std::string& path) {
  std::error_code code;
  fs::create_directories(fs::path{path}.parent_path(), code);
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return make_error(ec::internal_error,
                      "mkdir " + path + ": " + strerror(errno));
  return {};
}

caf::error write_file(const std::string& path, const std::string& bytes) {
  auto fresh = path + ".new";
  auto fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  auto good = fd >= 0
              && write(fd, bytes.data(), bytes.size())
                     == static_cast<ssize_t>(bytes.size());
  auto code = errno;
  if (fd >= 0)
    close(fd);
  if (good && rename(fresh.c_str(), path.c_str()) == 0)
    return {};
  return make_error(ec::internal_error,
                    "write " + path + ": " + strerror(good ? errno : code));
}

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

caf::error store_sandbox(const std::string& folder,
                         const stored_sandbox& what) {
  std::string bytes(sizeof(int64_t), '\0');
  memcpy(bytes.data(), &what.created_at, sizeof(int64_t));
  what.config.AppendToString(&bytes);
  return write_file(folder + "/sandbox", bytes);
}

std::optional<stored_sandbox> load_sandbox(const std::string& folder) {
  auto bytes = read_file(folder + "/sandbox");
  stored_sandbox result;
  if (!bytes || bytes->size() < sizeof(int64_t))
    return std::nullopt;
  memcpy(&result.created_at, bytes->data(), sizeof(int64_t));
  if (!result.config.ParseFromString(bytes->substr(sizeof(int64_t))))
    return std::nullopt;
  return result;
}

caf::error store_container(const std::string& folder,
                           const container::Container& what) {
  auto path = folder + "/" + container_folder_of(what);
  if (auto err = make_folder(path))
    return err;
  return write_file(path + "/container", what.SerializeAsString());
}

std::vector<container::Container> load_containers(const std::string& folder) {
  std::vector<container::Container> result;
  std::error_code code;
  for (auto& entry : fs::directory_iterator(folder + "/c", code)) {
    auto bytes = read_file(entry.path().string() + "/container");
    container::Container status;
    if (!bytes || !status.ParseFromString(*bytes)
        || container_folder_of(status)
               != "c/" + entry.path().filename().string())
      continue;
    load_state(entry.path().string(), status);
    result.push_back(std::move(status));
  }
  return result;
}

int64_t live_shim(const std::string& folder) {
  auto text = read_file(folder + "/shim.pid");
  long long pid = 0;
  unsigned long long begun = 0;
  if (!text || sscanf(text->c_str(), "%lld %llu", &pid, &begun) != 2)
    return 0;
  auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!stat || stat->rfind(')') == std::string::npos)
    return 0;
  // A pid is used again after a while; its start time tells whose it is.
  std::istringstream fields{stat->substr(stat->rfind(')') + 1)};
  std::string field;
  for (int i = 0; i < 20; ++i)
    fields >> field;
  return field == std::to_string(begun) ? pid : 0;
}

/// The name of a socket may be longer than an address can hold: it is reached
/// by a short name for its folder.
int dial_shim(const std::string& folder) {
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

void kill_shim(const std::string& folder) {
  auto pid = static_cast<pid_t>(live_shim(folder));
  if (auto fd = pid > 0 ? -1 : dial_shim(folder); fd >= 0) {
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
      pid = peer.pid;
    close(fd);
  }
  if (pid > 0)
    kill(pid, SIGKILL);
}

void remove_folder(const std::string& path) {
  // A second time when something vanished under the first.
  for (int i = 0; i < 2; ++i) {
    std::error_code code;
    fs::remove_all(path, code);
    if (!code)
      return;
  }
}

} // namespace troupe::process
