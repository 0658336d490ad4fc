#include "actors/apiserver/write_job.hpp"
#include "messages/api/meta.pb.h"
#include "messages/api/policy.pb.h"
#include "runtime/rules/admission.hpp"
#include "runtime/rules/deletion.hpp"
#include "runtime/rules/disruption_plan.hpp"
#include "runtime/rules/requests.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

rules::deletion_request request_of(const call::Request& msg) {
  rules::deletion_request result;
  if (msg.has_grace_period_seconds())
    result.grace_period_seconds = msg.grace_period_seconds();
  result.propagation_policy = msg.propagation_policy();
  result.uid = msg.precondition_uid();
  result.resource_version = msg.precondition_resource_version();
  return result;
}

void carry_out(job_ptr job, const rules::deletion_outcome& plan,
               std::function<void()> again) {
  if (plan.remove)
    store_removal(job, std::move(again));
  else
    store_object(job, plan.marked, std::move(again));
}

void attempt(job_ptr job) {
  if (auto err = admit_end_by_node(*job, false)) {
    refuse(job, err, [job] { attempt(job); });
    return;
  }
  auto plan = rules::plan_deletion(job->current, request_of(*job->request),
                                   job->self->state.ctx->now());
  if (!plan) {
    refuse(job, plan.error(), [job] { attempt(job); });
    return;
  }
  carry_out(job, *plan, [job] { attempt(job); });
}

void evict(job_ptr job);

/// The pod goes and its budget pays for it, or neither.
void evict_within(job_ptr job, const std::vector<object>& budgets) {
  auto now = job->self->state.ctx->now();
  if (auto err = admit_end_by_node(*job, true)) {
    job->fail(err);
    return;
  }
  auto eviction = rules::plan_eviction(job->current, budgets, now);
  if (!eviction) {
    job->fail(eviction.error());
    return;
  }
  auto plan =
      rules::plan_deletion(job->current, request_of(*job->request), now);
  if (!plan) {
    job->fail(plan.error());
    return;
  }
  job->beside = eviction->budget.value_or(object{});
  carry_out(job, *plan, [job] { evict(job); });
}

/// Kubernetes: what the budgets say is read anew for each try.
void evict(job_ptr job) {
  auto& st = job->self->state;
  auto* budgets = st.find_other(kind_of<policy::v1::PodDisruptionBudget>());
  if (!budgets->view) {
    job->fail(make_error(ec::service_unavailable, "starting"));
    return;
  }
  call::Request msg;
  msg.set_verb(call::LIST);
  msg.set_namespace_(job->request->namespace_());
  st.requests.ask<pb<call::Response>, std::vector<object>>(
      caf::actor_cast<api_actor>(budgets->view),
      [job](const pb<call::Response>&, const std::vector<object>& found) {
        evict_within(job, found);
      },
      [job](const caf::error& err) { job->fail(err); },
      pb<call::Request>{std::move(msg)}, object{});
}

/// Deletes what a list brought, one after the other.
struct sweep {
  job_ptr outer;
  pb<call::Response> listed; ///< which it tells of the list
  std::vector<object> found;
  std::vector<object> gone;
  size_t next = 0;
};

void continue_sweep(std::shared_ptr<sweep> all);

void delete_next(std::shared_ptr<sweep> all) {
  auto& what = all->found[all->next++];
  auto self = all->outer->self;
  call::Request msg = *all->outer->request;
  msg.set_verb(call::DELETE);
  msg.set_name(what.name());
  msg.set_namespace_(what.ns());
  auto& st = self->state;
  st.requests.ask<pb<call::Response>, std::vector<object>>(
      registry_actor{self},
      [all](const pb<call::Response>&, const std::vector<object>& result) {
        all->gone.insert(all->gone.end(), result.begin(), result.end());
        continue_sweep(all);
      },
      [all](const caf::error& err) {
        if (is(err, ec::not_found))
          continue_sweep(all);
        else
          all->outer->fail(err);
      },
      pb<call::Request>{std::move(msg)}, object{});
}

void continue_sweep(std::shared_ptr<sweep> all) {
  if (all->next < all->found.size()) {
    delete_next(all);
    return;
  }
  all->outer->promise.deliver(all->listed, std::move(all->gone));
}

} // namespace

void run_delete(job_ptr job) {
  if (job->kind().plural == "namespaces" && job->kind().group.empty())
    if (auto err = rules::check_namespace_may_go(job->request->name())) {
      job->fail(err);
      return;
    }
  with_current(job, false, [job] { attempt(job); });
}

void run_delete_collection(job_ptr job) {
  call::Request msg = *job->request;
  msg.set_verb(call::LIST);
  auto& st = job->self->state;
  st.requests.ask<pb<call::Response>, std::vector<object>>(
      st.view,
      [job](const pb<call::Response>& listed,
            const std::vector<object>& found) {
        auto all = std::make_shared<sweep>();
        all->outer = job;
        all->listed = listed;
        all->found = found;
        continue_sweep(all);
      },
      [job](const caf::error& err) { job->fail(err); },
      pb<call::Request>{std::move(msg)}, object{});
}

void run_eviction(job_ptr job) {
  auto& options = job->body.as<policy::v1::Eviction>().delete_options();
  if (auto found = rules::validate_delete_options(options); !found.empty()) {
    job->fail(
        invalid(kind_of<policy::v1::Eviction>(), job->body.name(), found));
    return;
  }
  call::Request msg = *job->request;
  if (options.has_grace_period_seconds())
    msg.set_grace_period_seconds(options.grace_period_seconds());
  msg.set_propagation_policy(options.propagation_policy());
  msg.set_precondition_uid(options.preconditions().uid());
  msg.set_precondition_resource_version(
      options.preconditions().resource_version());
  msg.set_dry_run(msg.dry_run() || options.dry_run_size() > 0);
  msg.set_verb(call::DELETE);
  job->request = pb<call::Request>{std::move(msg)};
  with_current(job, true, [job] { evict(job); });
}

} // namespace troupe
