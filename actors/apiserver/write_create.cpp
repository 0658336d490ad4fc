#include "actors/apiserver/write_job.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/event_rules.hpp"
#include "runtime/rules/names.hpp"
#include "runtime/rules/object_warnings.hpp"
#include "runtime/rules/strategy.hpp"
#include "runtime/system/config.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

std::function<uint64_t()> entropy_of(job_ptr job) {
  return [job] { return job->self->state.ctx->random(); };
}

caf::error check_body(const write_job& job) {
  auto& request = *job.request;
  if (job.body.revision() != 0)
    return make_error(ec::bad_request,
                      "resourceVersion should not be set on objects to be "
                      "created");
  if (job.kind().namespaced && request.namespace_().empty())
    return make_error(ec::bad_request, "an empty namespace may not be set "
                                       "during creation");
  return caf::none;
}

void begin(job_ptr job);

/// Somebody was faster: what was applied to nothing is applied to that.
void begin_again(job_ptr job) {
  if (job->applied)
    run_apply(job);
  else
    begin(job);
}

void allocate_and_store(job_ptr job, object fresh) {
  auto& st = job->self->state;
  if (!st.allocators) {
    store_object(job, std::move(fresh), [job] { begin_again(job); });
    return;
  }
  st.requests.ask<object>(
      st.allocators,
      [job](const object& given) {
        job->given = given;
        store_object(job, given, [job] {
          job->give_back();
          begin_again(job);
        });
      },
      [job](const caf::error& err) { job->fail(err); }, fresh, object{});
}

/// One try: the object as it will be stored, all of it made anew.
void make_and_store(job_ptr job) {
  auto& st = job->self->state;
  auto& kind = job->kind();
  job->warnings.clear();
  auto msg = job->body.clone();
  auto& meta = *mutable_metadata_of(*msg);
  if (kind.namespaced)
    meta.set_namespace_(job->request->namespace_());
  else
    meta.clear_namespace_();
  if (meta.name().empty() && !meta.generate_name().empty())
    meta.set_name(rules::generate_name(meta.generate_name(), entropy_of(job)));
  meta.set_uid(st.ctx->uuid());
  *meta.mutable_creation_timestamp() = to_time(st.ctx->now());
  meta.clear_deletion_timestamp();
  meta.clear_deletion_grace_period_seconds();
  rules::apply_defaults(*msg);
  track_fields(*job, *msg, {});
  if (auto err = admit_create(*job, *msg)) {
    job->fail(err);
    return;
  }
  rules::apply_defaults(*msg);
  if (auto err = charge_quotas(*job, *msg, nullptr)) {
    job->fail(err);
    return;
  }
  rules::prepare_for_create(*msg);
  auto found = rules::validate_create(
      *msg, rules::context_of(st.ctx->config().service_cidr));
  if (job->request->api_version() == "events.k8s.io/v1")
    for (auto& more : rules::validate_grouped_event(
             static_cast<const core::v1::Event&>(*msg)))
      found.push_back(std::move(more));
  // The older version has no signer at all.
  if (job->request->api_version() == "certificates.k8s.io/v1beta1")
    std::erase_if(found, [](auto& each) {
      return each.detail.ends_with("is not allowed via this API version");
    });
  if (!found.empty()) {
    job->fail(invalid(kind, meta.name(), found));
    return;
  }
  job->warnings = rules::warnings_about(*msg);
  for (auto& each : rules::warn_of_kind(kind))
    job->warnings.push_back(std::move(each));
  auto fresh = object::of(std::move(msg));
  if (auto err = admit_rights(*job, fresh))
    job->fail(err);
  else
    allocate_and_store(job, std::move(fresh));
}

void begin(job_ptr job) {
  look_up_others(job,
                 [job] { take_turn(job, [job] { make_and_store(job); }); });
}

} // namespace

void create_applied(job_ptr job) {
  begin(job);
}

void run_create(job_ptr job) {
  if (auto err = check_body(*job)) {
    job->fail(err);
    return;
  }
  begin(job);
}

} // namespace troupe
