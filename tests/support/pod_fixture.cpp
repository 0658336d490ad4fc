#include "tests/support/pod_fixture.hpp"

#include <fstream>
#include <iterator>
#include <poll.h>
#include <sstream>
#include <unistd.h>

namespace troupe::process {

namespace fs = std::filesystem;

void PodRuntime::SetUp() {
  auto name = (fs::temp_directory_path() / "troupe-pods-XXXXXX").string();
  folder_ = mkdtemp(name.data());
  restart();
  auto status = ask<container::RuntimeStatus>(
      [this](auto done) { runtime_->probe(done); });
  ASSERT_TRUE(status);
  ASSERT_TRUE(status->ready()) << status->message();
  flags_ = (status->mounts() ? 2u : 0u) | (status->processes() ? 4u : 0u)
           | (status->networks() ? 8u : 0u) | (geteuid() != 0 ? 1u : 0u);
}

void PodRuntime::TearDown() {
  auto left = state();
  for (auto& s : left.sandboxes())
    EXPECT_TRUE(remove_sandbox(s.id()));
  runtime_.reset();
  std::error_code code;
  fs::remove_all(folder_, code);
}

void PodRuntime::restart() {
  restart(std::nullopt);
}

void PodRuntime::restart(std::optional<uint32_t> isolation) {
  runtime_.reset();
  auto what = options();
  what.isolation = isolation;
  runtime_ = std::make_unique<pod_runtime>(what, [this](auto event) {
    std::lock_guard guard{mutex_};
    events_.push_back(std::move(event));
    changed_.notify_all();
  });
}

runtime_options PodRuntime::options() const {
  runtime_options result;
  result.pods = folder_ / "pods";
  result.images = folder_ / "images";
  result.shim = std::string{TROUPE_BUILD_DIR} + "/troupe-shim";
  if (patience_)
    result.start_patience = result.stop_patience = *patience_;
  return result;
}

container::SandboxConfig PodRuntime::sandbox(const std::string& uid) {
  container::SandboxConfig config;
  config.set_uid(uid);
  config.set_name("web");
  config.set_namespace_("default");
  config.set_log_directory(folder_ / "logs" / uid);
  return config;
}

expected<container::Sandbox> PodRuntime::run(const std::string& uid) {
  return run(sandbox(uid));
}

expected<container::Sandbox> PodRuntime::run(container::SandboxConfig config) {
  return ask<container::Sandbox>(
      [&](auto done) { runtime_->run(config, done); });
}

expected<container::Container>
PodRuntime::create(const std::string& sandbox_id,
                   container::ContainerConfig config) {
  return ask<container::Container>(
      [&](auto done) { runtime_->create(sandbox_id, config, done); });
}

expected<container::Container> PodRuntime::start(const std::string& id) {
  return ask<container::Container>(
      [&](auto done) { runtime_->start(id, done); });
}

expected<container::Container> PodRuntime::stop(const std::string& id,
                                                int64_t grace_ms) {
  return ask<container::Container>(
      [&](auto done) { runtime_->stop(id, grace_ms, done); });
}

expected<container::Done> PodRuntime::remove_sandbox(const std::string& id) {
  return ask<container::Done>(
      [&](auto done) { runtime_->remove_sandbox(id, done); });
}

expected<container::ExecResult>
PodRuntime::exec(const std::string& id, std::vector<std::string> command,
                 int64_t timeout_ms) {
  container::ExecSync what;
  what.set_container_id(id);
  for (auto& word : command)
    what.add_command(word);
  what.set_timeout_ms(timeout_ms);
  return ask<container::ExecResult>(
      [&](auto done) { runtime_->exec_sync(what, done); });
}

container::State PodRuntime::state() {
  auto result =
      ask<container::State>([this](auto done) { runtime_->state(done); });
  return result ? *result : container::State{};
}

std::string PodRuntime::logs(const std::string& id, container::Logs what) {
  what.set_container_id(id);
  what.set_credit(1 << 20);
  auto text = std::make_shared<std::string>();
  auto over = std::make_shared<std::promise<void>>();
  stream_sink sink;
  sink.data = [text](const container::StreamData& data) {
    *text += data.data();
  };
  sink.end = [over](const container::StreamEnd&) { over->set_value(); };
  auto opened = ask<container::StreamOpened>(
      [&](auto done) { runtime_->logs(what, sink, done); });
  if (!opened)
    return message_of(opened.error());
  EXPECT_EQ(over->get_future().wait_for(deadline), std::future_status::ready);
  return *text;
}

container::ContainerConfig PodRuntime::shell(const std::string& name,
                                             const std::string& script) {
  container::ContainerConfig config;
  config.set_name(name);
  config.set_image("busybox");
  config.add_command("/bin/sh");
  config.add_command("-c");
  config.add_command(script);
  config.set_log_path(name + "/0.log");
  return config;
}

std::string PodRuntime::launch(const std::string& uid,
                               container::ContainerConfig config) {
  auto pod = run(uid);
  EXPECT_TRUE(pod) << message_of(pod.error());
  if (!pod)
    return {};
  auto made = create(pod->id(), config);
  EXPECT_TRUE(made) << message_of(made.error());
  if (!made)
    return {};
  auto started = start(made->id());
  EXPECT_TRUE(started) << message_of(started.error());
  return made->id();
}

container::Container PodRuntime::ended(const std::string& id) {
  auto until = std::chrono::steady_clock::now() + deadline;
  std::unique_lock guard{mutex_};
  for (;;) {
    for (auto& event : events_)
      if (event.type() == container::CONTAINER_EXITED
          && event.container().id() == id)
        return event.container();
    if (changed_.wait_until(guard, until) == std::cv_status::timeout) {
      ADD_FAILURE() << id << " does not end";
      return {};
    }
  }
}

void PodRuntime::wait_until(const std::function<bool()>& condition,
                            const std::string& what) {
  auto until = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until)
      FAIL() << what;
    poll(nullptr, 0, 2);
  }
}

void PodRuntime::wait_for_file(const std::string& path) {
  wait_until([&] { return fs::exists(path); }, path + " does not appear");
}

void PodRuntime::wait_for_content(const std::string& path) {
  wait_until([&] { return !content(path).empty(); }, path + " stays empty");
}

std::string PodRuntime::content(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream out;
  // Unlike an iterator, this does not throw when a process of /proc goes away
  // while its file is read.
  out << file.rdbuf();
  return out.str();
}

std::string PodRuntime::mark() {
  static int last = 0;
  return std::to_string(100000 + getpid() % 100000)
         + std::to_string(1000 + ++last);
}

int PodRuntime::count(const std::string& marker) {
  int result = 0;
  std::error_code code;
  for (auto& entry : fs::directory_iterator("/proc", code)) {
    auto pid = atoi(entry.path().filename().c_str());
    if (pid > 0 && pid != getpid()
        && content(entry.path() / "cmdline").find(marker) != std::string::npos)
      ++result;
  }
  return result;
}

void PodRuntime::wait_for_none(const std::string& marker) {
  wait_until([&] { return count(marker) == 0; }, "processes are left over");
}

} // namespace troupe::process
