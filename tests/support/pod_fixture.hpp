#pragma once

#include "runtime/process/pod_runtime.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <vector>

namespace troupe::process {

/// A runtime over a folder of its own, asked as if it were synchronous.
class PodRuntime : public ::testing::Test {
protected:
  static constexpr auto deadline = std::chrono::seconds{20};

  void SetUp() override;
  void TearDown() override;

  /// Waits until it holds, in steps too small to matter.
  void wait_until(const std::function<bool()>& condition,
                  const std::string& what);

  /// Ends the runtime and starts another over the same folder.
  void restart();
  void restart(std::optional<uint32_t> isolation);
  virtual runtime_options options() const;

  template <class T>
  expected<T> ask(std::function<void(reply<T>)> what) {
    auto promise = std::make_shared<std::promise<expected<T>>>();
    auto future = promise->get_future();
    what([promise](expected<T> x) { promise->set_value(std::move(x)); });
    if (future.wait_for(deadline) != std::future_status::ready) {
      ADD_FAILURE() << "no answer in time";
      return make_error(ec::timeout, "no answer");
    }
    return future.get();
  }

  expected<container::Sandbox> run(const std::string& uid);
  expected<container::Sandbox> run(container::SandboxConfig config);
  container::SandboxConfig sandbox(const std::string& uid);
  expected<container::Container> create(const std::string& sandbox_id,
                                        container::ContainerConfig config);
  expected<container::Container> start(const std::string& id);
  expected<container::Container> stop(const std::string& id, int64_t grace_ms);
  expected<container::Done> remove_sandbox(const std::string& id);
  expected<container::ExecResult> exec(const std::string& id,
                                       std::vector<std::string> command,
                                       int64_t timeout_ms = 0);
  container::State state();
  std::string logs(const std::string& id, container::Logs what = {});

  /// A container that runs a shell script.
  static container::ContainerConfig shell(const std::string& name,
                                          const std::string& script);

  /// Creates and starts it in a pod of its own; returns its id.
  std::string launch(const std::string& uid, container::ContainerConfig config);

  /// Waits until the container has ended.
  container::Container ended(const std::string& id);

  void wait_for_file(const std::string& path);
  void wait_for_content(const std::string& path);
  std::string content(const std::string& path);

  /// A number that no other process has among its arguments.
  std::string mark();
  /// Processes of the machine that have it among their arguments.
  int count(const std::string& marker);
  void wait_for_none(const std::string& marker);

  std::filesystem::path folder_;
  std::unique_ptr<pod_runtime> runtime_;
  uint32_t flags_ = 0; ///< what the machine allows
  /// Of the next runtime with its shims; the usual one if it is not set.
  std::optional<std::chrono::milliseconds> patience_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<container::Event> events_;
};

} // namespace troupe::process
