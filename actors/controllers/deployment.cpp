#include "actors/controllers/deployment.hpp"

#include "messages/api/apps.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/rules/access.hpp"
#include "runtime/rules/deployment_plan.hpp"
#include "runtime/rules/ownership.hpp"
#include "runtime/rules/readiness.hpp"

#include <caf/stateful_actor.hpp>

#include <memory>

namespace troupe {

namespace {

using apps::v1::Deployment;
using apps::v1::ReplicaSet;
using pointer = deployment_actor::stateful_pointer<deployment_state>;

/// One deployment while its plan is carried out.
struct job {
  std::string key;
  object deployment;
  rules::deployment_plan plan;
};

using job_ptr = std::shared_ptr<job>;

bool is_gone(const caf::error& err) {
  return is(err, ec::not_found);
}

// -- what changed -------------------------------------------------------------

void mark_owner(pointer self, const object& set) {
  auto& st = self->state;
  if (const auto* owner = rules::controller_of(set.meta())) {
    if (owner->kind() == "Deployment")
      st.loop.mark(set.ns() + "/" + owner->name());
    return;
  }
  for (const auto& each : st.deployments->in(set.ns()))
    if (rules::deployment_selects(each, set))
      st.loop.mark(each.key());
}

void on_set(pointer self, const object& before, const object& now) {
  self->state.sets.change(before, now);
  if (before)
    mark_owner(self, before);
  if (now)
    mark_owner(self, now);
}

// Only the strategy Recreate waits for pods; it does so until they are gone
// or have ended.
void on_pod(pointer self, const object& before, const object& now) {
  auto& st = self->state;
  st.pods.change(before, now);
  if (now && !rules::is_finished(now.as<core::v1::Pod>()))
    return;
  const auto* owner = rules::controller_of((now ? now : before).meta());
  if (!owner || owner->kind() != "ReplicaSet")
    return;
  for (const auto& each : st.deployments->in((now ? now : before).ns()))
    if (each.as<Deployment>().spec().strategy().type() == "Recreate")
      st.loop.mark(each.key());
}

// -- carrying a plan out ------------------------------------------------------

void tell_and_finish(pointer self, const job_ptr& todo) {
  self->state.loop.tell(todo->plan.events);
  self->state.loop.finish(todo->key);
}

void write_status(pointer self, const job_ptr& todo, uint64_t revision) {
  if (!todo->plan.status)
    return tell_and_finish(self, todo);
  auto status = todo->plan.status->with_revision(revision);
  self->state.loop.update_status(
      todo->key, status, [self, todo](expected<answer> result) {
        if (!result && !is_gone(result.error()))
          self->state.loop.finish(todo->key, result.error());
        else
          tell_and_finish(self, todo);
      });
}

void write_annotations(pointer self, const job_ptr& todo) {
  if (!todo->plan.annotated)
    return write_status(self, todo, todo->deployment.revision());
  self->state.loop.update(
      todo->key, *todo->plan.annotated, [self, todo](expected<answer> result) {
        if (!result)
          return self->state.loop.finish(todo->key, result.error());
        auto written = result->one();
        write_status(self, todo,
                     written ? written.revision() : result->revision());
      });
}

void write_sets(pointer self, const job_ptr& todo) {
  auto& loop = self->state.loop;
  gathering all{[self, todo](const caf::error& err) {
    if (err)
      self->state.loop.finish(todo->key, err);
    else
      write_annotations(self, todo);
  }};
  for (const auto& set : todo->plan.updated)
    loop.update(todo->key, set, all.expect(is_gone));
  for (const auto& set : todo->plan.deleted) {
    delete_options options;
    options.precondition_uid = set.uid();
    loop.remove(todo->key, set, options, all.expect(is_gone));
  }
  all.close();
}

void end_with_status(pointer self, const job_ptr& todo,
                     const std::optional<object>& status,
                     const caf::error& err) {
  if (!status)
    return self->state.loop.finish(todo->key, err);
  self->state.loop.update_status(todo->key, *status,
                                 [self, todo, err](const expected<answer>&) {
                                   self->state.loop.finish(todo->key, err);
                                 });
}

// Kubernetes: a set of that name with another template, or another's, is a
// collision; our own is our first try, whose answer was lost.
void on_name_taken(pointer self, const job_ptr& todo, const caf::error& err) {
  const auto& set = *todo->plan.created;
  self->state.loop.api().get(
      {&set.kind(), set.ns(), set.name()},
      [self, todo, err](expected<answer> result) {
        if (!result || !result->one())
          return self->state.loop.finish(todo->key, err);
        end_with_status(self, todo,
                        rules::after_collision(todo->deployment, result->one()),
                        err);
      });
}

void on_create_failed(pointer self, const job_ptr& todo,
                      const caf::error& err) {
  if (is(err, ec::already_exists))
    return on_name_taken(self, todo, err);
  auto& loop = self->state.loop;
  auto name = todo->plan.created->name();
  auto why = message_of(err);
  loop.tell(todo->deployment, true, "ReplicaSetCreateError",
            "Failed to create new replica set \"" + name + "\": " + why);
  end_with_status(
      self, todo,
      rules::after_failed_create(todo->deployment, name, why, loop.now()), err);
}

void create_set(pointer self, const job_ptr& todo) {
  if (!todo->plan.created)
    return write_sets(self, todo);
  self->state.loop.create(todo->key, *todo->plan.created,
                          [self, todo](expected<answer> result) {
                            if (result)
                              write_sets(self, todo);
                            else
                              on_create_failed(self, todo, result.error());
                          });
}

void change_owners(pointer self, const job_ptr& todo) {
  gathering all{[self, todo](const caf::error& err) {
    self->state.loop.finish(todo->key, err);
  }};
  for (const auto* list : {&todo->plan.adopted, &todo->plan.released})
    for (const auto& set : *list)
      self->state.loop.update(todo->key, set, all.expect(is_gone));
  all.close();
}

void adopt(pointer self, const job_ptr& todo) {
  self->state.loop.confirm(
      todo->deployment, [self, todo](expected<bool> there) {
        if (!there)
          return self->state.loop.finish(todo->key, there.error());
        if (!*there)
          todo->plan.adopted.clear();
        change_owners(self, todo);
      });
}

std::vector<object> pods_of(const deployment_state& st,
                            const std::vector<object>& sets) {
  std::vector<object> result;
  for (const auto& set : sets) {
    auto pods = st.pods.of(set.uid());
    result.insert(result.end(), pods.begin(), pods.end());
  }
  return result;
}

void look_at(pointer self, const std::string& key) {
  auto& st = self->state;
  auto found = st.deployments->find(key);
  if (!found) {
    st.loop.why.forget(key);
    return st.loop.finish(key);
  }
  auto sets = st.sets.of(found.uid());
  std::vector<object> pods;
  if (found.as<Deployment>().spec().strategy().type() == "Recreate")
    pods = pods_of(st, sets);
  auto orphans = st.sets.orphans(found.ns());
  sets.insert(sets.end(), orphans.begin(), orphans.end());
  auto todo = std::make_shared<job>();
  todo->key = key;
  todo->deployment = found;
  todo->plan = rules::plan_deployment(found, sets, pods, st.loop.now());
  st.loop.why.set(key, todo->plan.reason);
  if (todo->plan.look_again)
    st.loop.mark_at(key, *todo->plan.look_again);
  if (!todo->plan.adopted.empty())
    adopt(self, todo);
  else if (!todo->plan.released.empty())
    change_owners(self, todo);
  else
    create_set(self, todo);
}

} // namespace

deployment_actor::behavior_type deployment(pointer self, context ctx) {
  auto& st = self->state;
  st.loop.bind(self, [self](const std::string& key) { look_at(self, key); });
  st.deployments =
      &st.loop.follow({&kind_of<Deployment>(), {}, {}, {}},
                      [self](const object& before, const object& now) {
                        self->state.loop.mark((now ? now : before).key());
                      });
  st.loop.follow({&kind_of<ReplicaSet>(), {}, {}, {}},
                 [self](const object& before, const object& now) {
                   on_set(self, before, now);
                 });
  st.loop.follow({&kind_of<core::v1::Pod>(), {}, {}, {}},
                 [self](const object& before, const object& now) {
                   on_pod(self, before, now);
                 });
  st.loop.open(ctx, rules::controller_user("deployment-controller"));
  return controller(self);
}

} // namespace troupe
