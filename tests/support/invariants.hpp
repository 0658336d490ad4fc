#pragma once

#include "tests/support/simulated_cluster.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace troupe::test {

/// What must be true of a cluster whatever happens to it, and what must come
/// true once nothing happens any more. It looks at what the API says and at
/// what the nodes have in truth.
class invariants {
public:
  explicit invariants(simulated_cluster& cluster);

  /// Writes something that must stay as it is once it is acknowledged.
  void write_note();
  size_t notes() const { return notes_.size(); }

  /// Holds always: no acknowledged write is lost, revisions go forward, no pod
  /// runs twice, no two pods have one address, no two Services have one
  /// cluster IP or node port. Returns what does not hold, a line each.
  std::string broken();

  /// Holds at rest: every node is well; every Deployment and ReplicaSet has
  /// what it wishes; nobody and nothing is left without an owner; endpoints
  /// are the pods that are ready; nodes run the pods that are theirs and no
  /// others. Returns what does not hold.
  std::string unrest();

private:
  void note_revisions(const std::vector<object>& all);
  void check_notes();
  void check_sandboxes();
  void check_addresses();
  void check_services();
  void check_nodes();
  void check_sets();
  void check_owners();
  void check_endpoints();
  void check_machines();
  void check_actors();

  void report(const std::string& what) { found_ += what + "\n"; }
  std::vector<object> all(const kind_info& kind);

  simulated_cluster& cluster_;
  std::string found_;
  std::map<std::string, uint64_t> notes_; ///< revision by name
  uint64_t last_note_ = 0;
  std::map<std::string, uint64_t> revisions_;      ///< by uid
  uint64_t newest_ = 0;                            ///< revision of any answer
  std::map<std::string, std::string> machines_of_; ///< node by sandbox's uid
  size_t strays_;
};

} // namespace troupe::test
