#pragma once

#include "tests/support/linearizability.hpp"
#include "tests/support/server_members.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace troupe::test {

/// Clients of a cluster's stores that write, read, compare-and-swap and watch,
/// each asking whichever server it likes, and remember what they saw.
class load {
public:
  load(server_members& stores, std::vector<std::string> servers, size_t clients,
       uint64_t seed);
  ~load();

  load(const load&) = delete;
  load& operator=(const load&) = delete;

  /// From now on other keys are used, so that a call whose outcome is open
  /// stands beside few others.
  void next_keys() {
    open_ = 0;
    ++phase_;
  }

  /// How many changes were acknowledged until now.
  uint64_t acknowledged() const { return acknowledged_; }

  /// Ends it, and looks at what was seen: calls on each key have an order, no
  /// revision was given twice, a watch heard of everything once. Adds failures
  /// to the test.
  void settle();

private:
  struct heard {
    uint64_t revision = 0;
    std::string key;
    std::string value;

    bool operator==(const heard&) const = default;
  };

  /// What one has heard who watches through all of it.
  struct followed {
    std::vector<heard> events; ///< its thread's alone
    std::atomic<uint64_t> to = 0;
  };

  struct client;

  void use(size_t number);
  // Return whether there was an answer.
  bool read(client& x, const std::string& key);
  bool change(client& x, const std::string& key, bool swap);
  void follow(size_t number);
  /// Hears what one server tells until it fails, or until the end at `last`,
  /// and notes how far that is.
  void hear(const std::string& server, std::vector<heard>& into, uint64_t last,
            std::atomic<uint64_t>* come_to);

  server_members& stores_;
  std::vector<std::string> servers_;
  uint64_t seed_;
  std::atomic<bool> over_ = false;  ///< for those who write
  std::atomic<bool> heard_ = false; ///< for those who follow
  std::atomic<uint64_t> phase_ = 0;
  std::atomic<uint64_t> acknowledged_ = 0;
  std::atomic<uint64_t> open_ = 0; ///< calls on the present keys
  std::mutex mutex_;               ///< guards the following
  std::map<std::string, std::vector<register_call>> histories_;
  std::map<uint64_t, std::string> revisions_; ///< and what was written there
  size_t given_twice_ = 0;
  std::vector<followed> followed_;
  std::vector<std::thread> threads_;
  std::vector<std::thread> watching_;
};

} // namespace troupe::test
