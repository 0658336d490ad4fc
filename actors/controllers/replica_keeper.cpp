#include "actors/controllers/replica_keeper.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/ownership.hpp"

#include <algorithm>

namespace troupe {

/// One set while its plan is carried out.
struct replica_keeper::job {
  std::string key;
  object set;
  rules::replica_plan plan;
  rules::replica_counts counts; ///< before the plan was carried out
  rules::slow_start batches;
  size_t next = 0;      ///< pods of the plan that were asked for
  size_t open = 0;      ///< of these, not answered yet
  bool stopped = false; ///< no more creates
  caf::error failed;    ///< why the set is to be looked at again
  rules::replica_failure failure;
};

namespace {

bool is_gone(const caf::error& err) {
  return is(err, ec::not_found);
}

// The name is another object's by now.
bool is_replaced(const caf::error& err) {
  return is_gone(err) || is(err, ec::conflict);
}

// A namespace that is being deleted takes nothing new; that is no failure.
bool is_namespace_ending(const caf::error& err) {
  return is(err, ec::forbidden)
         && message_of(err).find("being terminated") != std::string::npos;
}

} // namespace

void replica_keeper::open(caf::scheduled_actor* self, const context& ctx,
                          reconciler& loop, const kind_info& kind,
                          std::string user) {
  loop_ = &loop;
  kind_ = &kind;
  loop.bind(self, [this](const std::string& key) { look_at(key); });
  sets_ = &loop.follow(
      {&kind, {}, {}, {}},
      [this](const object& before, const object& now) { on_set(before, now); });
  loop.follow(
      {&kind_of<core::v1::Pod>(), {}, {}, {}},
      [this](const object& before, const object& now) { on_pod(before, now); });
  loop.open(ctx, std::move(user));
}

void replica_keeper::on_set(const object& before, const object& now) {
  siblings_.change(before, now);
  if (!now)
    tallies_.erase(before.uid());
  loop_->mark((now ? now : before).key());
}

// What one pod's change costs must not grow with the number of pods.
void replica_keeper::count(const object& before, const object& now) {
  auto change = [this](const object& owned, const object& was,
                       const object& is) {
    const auto* owner = rules::controller_of(owned.meta());
    auto found = owner ? tallies_.find(owner->uid()) : tallies_.end();
    if (found != tallies_.end())
      found->second.change(was, is);
  };
  if (before)
    change(before, before, {});
  if (now)
    change(now, {}, now);
}

void replica_keeper::on_pod(const object& before, const object& now) {
  pods_.change(before, now);
  count(before, now);
  if (before)
    mark_owner(before);
  if (now)
    mark_owner(now);
}

void replica_keeper::mark_owner(const object& pod) {
  if (const auto* owner = rules::controller_of(pod.meta())) {
    if (owner->kind() == kind_->kind)
      loop_->mark(pod.ns() + "/" + owner->name());
    return;
  }
  for (const auto& set : sets_->in(pod.ns()))
    if (rules::set_selects(set, pod))
      loop_->mark(set.key());
}

std::vector<object> replica_keeper::related_pods(const object& set) const {
  const auto* owner = rules::controller_of(set.meta());
  if (!owner)
    return pods_.of(set.uid());
  std::vector<object> result;
  for (const auto& sibling : siblings_.of(owner->uid())) {
    auto pods = pods_.of(sibling.uid());
    result.insert(result.end(), pods.begin(), pods.end());
  }
  return result;
}

void replica_keeper::look_at(const std::string& key) {
  auto set = sets_->find(key);
  if (!set) {
    loop_->why.forget(key);
    return loop_->finish(key);
  }
  auto tally = tallies_.find(set.uid());
  if (tally == tallies_.end() || !tally->second.is_settled(set)
      || pods_.has_orphans(set.ns()))
    return plan(key, set);
  auto todo = std::make_shared<job>();
  todo->key = key;
  todo->set = set;
  todo->counts = tally->second.counts();
  loop_->why.set(
      key, rules::settled_reason(static_cast<size_t>(todo->counts.replicas)));
  write_status(todo);
}

void replica_keeper::plan(const std::string& key, const object& set) {
  auto pods = pods_.of(set.uid());
  tallies_[set.uid()].begin(set, pods);
  auto orphans = pods_.orphans(set.ns());
  pods.insert(pods.end(), orphans.begin(), orphans.end());
  auto todo = std::make_shared<job>();
  todo->key = key;
  todo->set = set;
  todo->plan = rules::plan_replicas(
      set, pods, [&] { return related_pods(set); }, loop_->now());
  todo->counts = rules::count_replicas(set, todo->plan.counted, loop_->now());
  loop_->why.set(key, todo->plan.reason);
  if (todo->plan.look_again)
    loop_->mark_at(key, *todo->plan.look_again);
  if (!todo->plan.adopted.empty() || !todo->plan.released.empty())
    change_owners(todo);
  else if (!todo->plan.created.empty())
    create_some(todo);
  else
    remove_all(todo);
}

// -- owners -------------------------------------------------------------------

void replica_keeper::change_owners(const job_ptr& todo) {
  if (todo->plan.adopted.empty())
    return write_owners(todo);
  loop_->confirm(todo->set, [this, todo](expected<bool> there) {
    if (!there)
      return loop_->finish(todo->key, there.error());
    if (!*there)
      todo->plan.adopted.clear();
    write_owners(todo);
  });
}

void replica_keeper::write_owners(const job_ptr& todo) {
  gathering all{
      [this, todo](const caf::error& err) { loop_->finish(todo->key, err); }};
  for (const auto* list : {&todo->plan.adopted, &todo->plan.released})
    for (const auto& pod : *list)
      loop_->update(todo->key, pod, all.expect(is_gone));
  all.close();
}

// -- pods ---------------------------------------------------------------------

// Kubernetes: slow start. A create that is refused stops the rest, so that a
// quota is not met with hundreds of refusals.
void replica_keeper::create_some(const job_ptr& todo) {
  const auto& pods = todo->plan.created;
  if (todo->stopped || todo->next == pods.size())
    return write_status(todo);
  auto count = todo->batches.next(pods.size() - todo->next);
  auto from = todo->next;
  todo->next += count;
  todo->open = count;
  for (size_t i = from; i < from + count; ++i)
    loop_->create(todo->key, pods[i], [this, todo, i](expected<answer> result) {
      if (result)
        loop_->tell(todo->set, false, "SuccessfulCreate",
                    "Created pod: " + todo->plan.created[i].name());
      else
        refused(todo, result.error());
      if (--todo->open == 0)
        create_some(todo);
    });
}

void replica_keeper::refused(const job_ptr& todo, const caf::error& err) {
  todo->stopped = true;
  if (is_namespace_ending(err))
    return;
  // A name that is taken is that of our own first try, whose answer was lost:
  // the view will show it.
  if (!is(err, ec::already_exists) && todo->failure.reason.empty()) {
    todo->failure = {"FailedCreate", message_of(err)};
    loop_->tell(todo->set, true, "FailedCreate",
                "Error creating: " + message_of(err));
  }
  todo->failed = err;
}

void replica_keeper::remove_all(const job_ptr& todo) {
  gathering all{[this, todo](const caf::error& err) {
    if (err) {
      todo->failed = err;
      todo->failure = {"FailedDelete", message_of(err)};
    }
    write_status(todo);
  }};
  for (const auto& pod : todo->plan.deleted) {
    delete_options options;
    options.precondition_uid = pod.uid();
    auto then = all.expect(is_replaced);
    loop_->remove(todo->key, pod, options,
                  [this, todo, pod, then](expected<answer> result) {
                    if (result)
                      loop_->tell(todo->set, false, "SuccessfulDelete",
                                  "Deleted pod: " + pod.name());
                    else if (!is_replaced(result.error()))
                      loop_->tell(todo->set, true, "FailedDelete",
                                  "Error deleting: "
                                      + message_of(result.error()));
                    then(std::move(result));
                  });
  }
  all.close();
}

void replica_keeper::write_status(const job_ptr& todo) {
  auto status = rules::replica_status(todo->set, todo->counts, todo->failure,
                                      loop_->now());
  if (!status)
    return loop_->finish(todo->key, todo->failed);
  loop_->update_status(
      todo->key, *status, [this, todo](expected<answer> result) {
        if (!result && !is_gone(result.error()) && !todo->failed)
          todo->failed = result.error();
        loop_->finish(todo->key, todo->failed);
      });
}

} // namespace troupe
