#pragma once

#include "tests/support/real_cluster.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

/// What runs in the cluster while it is hurt: one of each way to have pods,
/// and the means to say whether all is as wished.
namespace troupe::test {

struct seen_container {
  std::string id;
  int restarts = 0;
  bool ready = false;
  int last_code = -1; ///< exit code of the attempt before; -1: there is none
  std::string last_reason;
  std::string waits;        ///< for what, as its status says
  std::vector<pid_t> mains; ///< its own processes; one, if all is well

  bool operator==(const seen_container&) const = default;
};

struct seen_pod {
  std::string uid;
  std::string owner; ///< "ReplicaSet/set-x"; "" for none
  std::string node;
  std::string ip;
  std::string phase;
  bool ready = false;
  bool leaving = false;
  std::map<std::string, seen_container> containers; ///< init ones too

  bool operator==(const seen_pod&) const = default;
};

using seen_pods = std::map<std::string, seen_pod>; ///< by name

std::string shown(const seen_pods& pods);

/// How many pods are wished of each that can be scaled, and which others.
struct wished {
  int web = 3; ///< a Deployment with probes and a Service
  int set = 2; ///< a ReplicaSet
  int rc = 2;  ///< a ReplicationController
  std::set<std::string> extra{};
};

class workload {
public:
  explicit workload(real_cluster& cluster) : cluster_(cluster) {
    // nop
  }

  /// Applies all of it; returns whether the command line said so.
  bool apply();

  /// All pods of the namespace with their processes.
  expected<seen_pods> pods();

  /// Why it is not at rest, exactly as wished; "" when it is.
  std::string unrest(const wished& wish);

  /// Waits until it is at rest; returns what was wrong at last.
  std::string settle(const std::function<wished()>& wish,
                     std::chrono::seconds most = std::chrono::seconds(90));

  /// What the cluster gave away: "service web: 10.7.16.3 30411".
  std::vector<std::string> allocations();

private:
  std::string counts(const seen_pods& pods, const wished& wish);
  std::string strangers(const seen_pods& pods);
  std::string followers(const seen_pods& pods, const wished& wish);

  real_cluster& cluster_;
  std::vector<seen_process> processes_; ///< as of the last `pods`
};

/// The groups of pods that the workload has besides those that scale.
inline const std::set<std::string> lone_pods{"once", "helped"};

} // namespace troupe::test
