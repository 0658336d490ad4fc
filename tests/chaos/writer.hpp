#pragma once

#include "tests/chaos/workload.hpp"

#include <atomic>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace troupe::test {

/// Writes without a pause while the cluster is hurt, and remembers what was
/// acknowledged: that must be there afterwards. What got no answer may be.
class writer {
public:
  writer(real_cluster& cluster, uint64_t seed);
  ~writer();

  /// From now on in a thread of its own, with a session of its own.
  void begin();
  /// Returns once it writes no more.
  void end();

  /// What is wished, as far as that is known: where a write got no answer,
  /// what is found counts.
  wished wish();

  /// The manifests were applied anew: the sets are as they say.
  void applied();

  /// What is not as it was acknowledged; empty when nothing is lost.
  std::vector<std::string> losses();

  int acknowledged() const { return acknowledged_; }
  int unanswered() const { return unanswered_; }

  /// Requests that the server neither answered nor broke off.
  const std::vector<std::string>& overdue() const { return overdue_; }

private:
  /// What is known of one thing that is written again and again: its last
  /// acknowledged value, and those sent since that got no answer. No value:
  /// it is not there.
  struct fate {
    std::optional<std::string> sure;
    std::set<std::optional<std::string>> maybe;

    bool allows(const std::optional<std::string>& found) const {
      return found == sure || maybe.count(found) > 0;
    }
  };

  void write_one();
  void note();
  void change_note();
  void drop_note();
  void scale();
  void roll();
  void add_pod();
  void drop_pod();
  void outcome(fate& of, std::optional<std::string> value,
               const expected<object>& result);
  std::set<std::string> extra_pods();
  std::string any_of(const std::map<std::string, fate>& things);

  real_cluster& cluster_;
  std::unique_ptr<command_client> client_;
  std::mt19937_64 dice_;
  std::thread thread_;
  std::atomic<bool> going_{false};
  std::atomic<int> acknowledged_{0};
  std::atomic<int> unanswered_{0};
  std::vector<std::string> overdue_;
  std::map<std::string, fate> notes_;    ///< ConfigMaps: the value in them
  std::map<std::string, fate> pods_;     ///< bare pods: "there"
  std::map<std::string, fate> replicas_; ///< "Deployment/web": the number
  int made_ = 0;
};

} // namespace troupe::test
