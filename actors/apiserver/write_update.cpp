#include "actors/apiserver/write_certificates.hpp"
#include "actors/apiserver/write_job.hpp"
#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/apply/tracking.hpp"
#include "runtime/rules/deletion.hpp"
#include "runtime/rules/event_rules.hpp"
#include "runtime/rules/object_warnings.hpp"
#include "runtime/rules/pod_late.hpp"
#include "runtime/rules/pod_subresources.hpp"
#include "runtime/rules/requests.hpp"
#include "runtime/rules/scale.hpp"
#include "runtime/rules/strategy.hpp"
#include "runtime/system/config.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

/// Services may ask for more than they have.
void allocate_and_store(job_ptr job, object fresh,
                        std::function<void()> again) {
  auto& st = job->self->state;
  if (!st.allocators) {
    store_object(job, std::move(fresh), std::move(again));
    return;
  }
  st.requests.ask<object>(
      st.allocators,
      [job, again](const object& given) {
        job->given = given;
        store_object(job, given, [job, again] {
          job->give_back();
          again();
        });
      },
      [job, again](const caf::error& err) { refuse(job, err, again); }, fresh,
      job->current);
}

} // namespace

void finish_update(job_ptr job, std::unique_ptr<google::protobuf::Message> msg,
                   const std::string& subresource,
                   std::function<void()> again) {
  auto& old = job->current.message();
  auto& kind = job->kind();
  if (auto err = rules::check_preconditions(
          *msg, old, std::to_string(job->current.revision()))) {
    refuse(job, err, std::move(again));
    return;
  }
  job->warnings.clear();
  auto of_status = subresource == "status" || subresource == "approval";
  // What a status does not change, a node need not repeat.
  if (of_status)
    rules::prepare_for_status_update(*msg, old);
  auto of_late = subresource == "ephemeralcontainers";
  if (of_late)
    rules::prepare_for_late_containers(static_cast<core::v1::Pod&>(*msg),
                                       job->current.as<core::v1::Pod>());
  if (auto err = admit_from_node(*job, *msg, subresource)) {
    refuse(job, err, std::move(again));
    return;
  }
  if (auto err = admit_certificate(*job, *msg, subresource)) {
    refuse(job, err, std::move(again));
    return;
  }
  std::vector<field_error> found;
  if (of_status) {
    track_fields(*job, *msg, subresource);
    found = rules::validate_status_update(*msg, old);
  } else if (of_late) {
    rules::apply_defaults(*msg);
    track_fields(*job, *msg, subresource);
    found = rules::validate_late_containers(static_cast<core::v1::Pod&>(*msg),
                                            job->current.as<core::v1::Pod>());
  } else {
    rules::apply_defaults(*msg);
    track_fields(*job, *msg, subresource);
    if (auto err = admit_update(*job, *msg)) {
      refuse(job, err, std::move(again));
      return;
    }
    rules::prepare_for_update(*msg, old);
    if (auto err = charge_quotas(*job, *msg, &old)) {
      refuse(job, err, std::move(again));
      return;
    }
    auto& config = job->self->state.ctx->config();
    found = rules::validate_update(*msg, old,
                                   rules::context_of(config.service_cidr));
    if (job->request->api_version() == "events.k8s.io/v1")
      for (auto& more : rules::validate_grouped_event_update(
               static_cast<const core::v1::Event&>(*msg),
               job->current.as<core::v1::Event>()))
        found.push_back(std::move(more));
    job->warnings = rules::warnings_about(*msg);
  }
  apply::forget_times(*msg, old);
  if (!found.empty()) {
    refuse(job, invalid(kind, job->current.name(), found), std::move(again));
    return;
  }
  mutable_metadata_of(*msg)->set_resource_version(
      std::to_string(job->current.revision()));
  auto fresh = object::of(std::move(msg));
  if (auto err = admit_rights(*job, fresh))
    refuse(job, err, std::move(again));
  else if (rules::is_finished(fresh))
    store_removal(job, std::move(again));
  else
    allocate_and_store(job, std::move(fresh), std::move(again));
}

void run_update(job_ptr job) {
  auto attempt = [job](auto again) -> void {
    finish_update(job, job->body.clone(), job->request->subresource(),
                  [again, job] { again(again); });
  };
  with_current(job, false, [attempt] { attempt(attempt); });
}

void run_scale(job_ptr job) {
  auto attempt = [job](auto again) -> void {
    auto& wish = job->body.as<autoscaling::v1::Scale>();
    auto resized = rules::with_scale(job->current, wish);
    if (!resized)
      job->fail(resized.error());
    else
      finish_update(job, resized->clone(), {}, [again] { again(again); });
  };
  with_current(job, false, [attempt] { attempt(attempt); });
}

// Kubernetes: only this takes the finalizers of a namespace away, and the last
// one gone is its end.
void run_finalize(job_ptr job) {
  auto attempt = [job](auto again) -> void {
    auto retry = [again] { again(again); };
    if (auto err = rules::check_preconditions(
            job->body.message(), job->current.message(),
            std::to_string(job->current.revision()))) {
      refuse(job, err, retry);
      return;
    }
    auto changed = job->body.copy<core::v1::Namespace>();
    rules::prepare_for_finalize(changed,
                                job->current.as<core::v1::Namespace>());
    auto fresh = object::of(changed);
    if (rules::is_finished(fresh))
      store_removal(job, retry);
    else
      store_object(job, std::move(fresh), retry);
  };
  with_current(job, false, [attempt] { attempt(attempt); });
}

void run_binding(job_ptr job) {
  auto& binding = job->body.as<core::v1::Binding>();
  if (auto found = rules::validate_binding(binding); !found.empty()) {
    job->fail(invalid(kind_of<core::v1::Binding>(), job->body.name(), found));
    return;
  }
  auto attempt = [job](auto again) -> void {
    auto pod = job->current.copy<core::v1::Pod>();
    auto retry = [again] { again(again); };
    if (auto err = rules::apply_binding(pod, job->body.as<core::v1::Binding>(),
                                        job->self->state.ctx->now()))
      refuse(job, err, retry);
    else
      store_object(job, object::of(pod), retry);
  };
  with_current(job, false, [attempt] { attempt(attempt); });
}

} // namespace troupe
