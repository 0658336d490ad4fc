#pragma once

#include "tests/support/real_cluster.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace troupe::test {

/// How long a test may take in all. When the time is up, whatever waits then,
/// it says what is being done since when, and what the cluster said at last;
/// ends the cluster, and the test's process with exit code 1.
class time_limit {
public:
  time_limit(real_cluster& cluster, std::chrono::seconds most);
  ~time_limit();

  time_limit(const time_limit&) = delete;
  time_limit& operator=(const time_limit&) = delete;

  /// What is being done from now on.
  void doing(std::string what);

  /// What is left, but for a little to tell the end in.
  std::chrono::seconds left() const;

private:
  using clock = std::chrono::steady_clock;

  void watch();
  [[noreturn]] void give_up();

  real_cluster& cluster_;
  const clock::time_point begin_ = clock::now();
  const clock::time_point end_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string what_ = "beginning";
  clock::time_point since_ = begin_;
  bool over_ = false;
  std::thread thread_;
};

} // namespace troupe::test
