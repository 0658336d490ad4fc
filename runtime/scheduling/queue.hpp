#pragma once

#include "runtime/scheduling/filters.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>

namespace troupe::scheduling {

/// A point of a clock that never goes back; where it begins does not matter.
using instant = std::chrono::nanoseconds;

/// A pod that waits for a node.
struct waiting_pod {
  pod_ptr pod;
  uint32_t attempts = 0;
  instant last_attempt{0};
  filter_set kept_out_by = 0;
};

/// How long a pod waits after so many attempts: 1 s, doubling, at most 10 s.
instant back_off(uint32_t attempts);

/// The pods that wait for a node, in three places: those whose turn it is,
/// highest priority first and then first come, first served; those backing
/// off; and those that no node could take, which wait for the event that can
/// help them. A pod taken out by pop() is its caller's to give back.
class scheduling_queue {
public:
  /// A pod without a node was added or changed. One that waits for an event is
  /// looked at again only if what it needs has changed. Gated pods are kept
  /// out.
  void put(pod_ptr pod, instant now);

  /// Gives back what pop() returned: no node could take it.
  void wait(waiting_pod pod);

  /// Gives back what pop() returned: something failed that was not its fault.
  void retry(waiting_pod pod, instant now);

  void erase(const std::string& key);

  /// The next pod to place, with one attempt more.
  std::optional<waiting_pod> pop(instant now);

  /// When the next pod ends its back-off, if none can be taken now.
  std::optional<instant> next_due() const;

  /// Something happened on a node. Returns how many pods it woke.
  size_t wake(happening what, const node_info& node, instant now);

  /// Says, as a sentence, what a pod in the queue waits for.
  std::string situation(const std::string& key, instant now) const;

  bool contains(const std::string& key) const { return items_.count(key) > 0; }
  size_t size() const { return items_.size(); }
  size_t active() const { return active_.size(); }
  size_t backing_off() const { return backing_off_.size(); }
  size_t unschedulable() const { return unschedulable_.size(); }

private:
  enum class place : uint8_t { active, backing_off, unschedulable };

  struct item {
    waiting_pod waiting;
    place where = place::active;
    uint64_t turn = 0;
    instant due{0};
  };

  using turn_key = std::tuple<int64_t, uint64_t, std::string>;

  item& take_back(waiting_pod pod);
  void activate(const std::string& key, item& x);
  void resume(const std::string& key, item& x, instant now);
  void take_out(const std::string& key, const item& x);
  turn_key turn_of(const std::string& key, const item& x) const;

  std::unordered_map<std::string, item> items_;
  std::set<turn_key> active_; ///< highest priority and earliest turn first
  std::set<std::pair<instant, std::string>> backing_off_;
  std::set<std::string> unschedulable_;
  uint64_t turns_ = 0;
};

/// Whether two versions of a pod ask the same of a node.
bool same_needs(const pod_info& a, const pod_info& b);

} // namespace troupe::scheduling
