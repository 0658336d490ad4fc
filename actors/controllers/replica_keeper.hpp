#pragma once

#include "actors/controllers/owned_index.hpp"
#include "actors/controllers/reconciler.hpp"
#include "runtime/rules/replica_tally.hpp"
#include "runtime/rules/replicaset_plan.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe {

/// What ReplicaSets and ReplicationControllers have in common: keeps as many
/// pods as each set asks for.
class replica_keeper {
public:
  /// Follows sets of that kind, and pods.
  void open(caf::scheduled_actor* self, const context& ctx, reconciler& loop,
            const kind_info& kind, std::string user);

private:
  struct job;
  using job_ptr = std::shared_ptr<job>;

  void on_set(const object& before, const object& now);
  void on_pod(const object& before, const object& now);
  void mark_owner(const object& pod);
  void count(const object& before, const object& now);
  void look_at(const std::string& key);
  void plan(const std::string& key, const object& set);
  std::vector<object> related_pods(const object& set) const;

  void change_owners(const job_ptr& todo);
  void write_owners(const job_ptr& todo);
  void create_some(const job_ptr& todo);
  void refused(const job_ptr& todo, const caf::error& err);
  void remove_all(const job_ptr& todo);
  void write_status(const job_ptr& todo);

  reconciler* loop_ = nullptr;
  const kind_info* kind_ = nullptr;
  shown* sets_ = nullptr;
  owned_index pods_;
  owned_index siblings_; ///< sets by what controls them
  /// By the uid of the set, once it was looked at.
  std::unordered_map<std::string, rules::replica_tally> tallies_;
};

} // namespace troupe
