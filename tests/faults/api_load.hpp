#pragma once

#include "actors/client/command_client.hpp"
#include "tests/support/linearizability.hpp"
#include "tests/support/real_cluster.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace troupe::test {

/// Users of a cluster's API who write, read, update what they read and watch,
/// each by a session of its own, and remember what they saw.
class api_load {
public:
  api_load(const real_cluster& cluster, size_t clients, uint64_t seed);
  ~api_load();

  api_load(const api_load&) = delete;
  api_load& operator=(const api_load&) = delete;

  /// From now on other objects are used, so that a call whose outcome is open
  /// stands beside few others.
  void next_objects();

  /// How many changes were acknowledged until now.
  uint64_t acknowledged() const { return acknowledged_; }
  /// How many calls had no answer, or another than one may expect in quiet
  /// times.
  uint64_t failed() const { return failed_; }
  /// The longest time without an acknowledged change since this was last asked.
  std::chrono::milliseconds longest_gap();

  /// Ends it, and looks at what was seen: calls on each object have an order,
  /// no revision was given twice, watchers heard of every one once and in
  /// order. Adds failures to the test.
  void settle();

private:
  struct client;
  struct heard {
    uint64_t revision = 0;
    std::string name;
    std::string value;
  };

  std::unique_ptr<command_client> connect(size_t number) const;
  void use(size_t number);
  void act(client& x);
  void read(client& x, const std::string& name);
  void write(client& x, const std::string& name);
  void swap(client& x, const std::string& name);
  void keep(client& x, const std::string& name, register_call call,
            const expected<answer>& answered);
  void follow(size_t number);
  void compare(const std::vector<heard>& told) const;

  const real_cluster& cluster_;
  uint64_t seed_;
  uint64_t begin_ = 0;                  ///< a revision before the first change
  std::atomic<bool> over_ = false;      ///< for those who write
  std::atomic<bool> abandoned_ = false; ///< for those who watch
  std::atomic<uint64_t> phase_ = 0;
  std::atomic<uint64_t> acknowledged_ = 0;
  std::atomic<uint64_t> failed_ = 0;
  std::atomic<uint64_t> open_ = 0; ///< calls on the present objects
  std::mutex mutex_;               ///< guards the following
  std::map<std::string, std::vector<register_call>> histories_;
  std::map<uint64_t, std::string> revisions_; ///< and what was written there
  size_t given_twice_ = 0;
  std::chrono::steady_clock::time_point last_;
  std::chrono::steady_clock::duration gap_{};
  std::map<std::string, size_t> problems_; ///< what was answered, how often
  std::vector<std::vector<heard>> told_;   ///< of a watcher, its thread's alone
  std::vector<std::thread> threads_;
  std::vector<std::thread> watching_;
};

} // namespace troupe::test
