#include "actors/apiserver/write_job.hpp"
#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/deletion.hpp"
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
  if (!st.allocators || job->request->dry_run()) {
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
      [job](const caf::error& err) { job->fail(err); }, fresh, job->current);
}

} // namespace

void finish_update(job_ptr job, std::unique_ptr<google::protobuf::Message> msg,
                   const std::string& subresource,
                   std::function<void()> again) {
  auto& old = job->current.message();
  auto& kind = job->kind();
  if (auto err = rules::check_preconditions(
          *msg, old, std::to_string(job->current.revision()))) {
    job->fail(err);
    return;
  }
  std::vector<field_error> found;
  if (subresource == "status") {
    rules::prepare_for_status_update(*msg, old);
    found = rules::validate_status_update(*msg, old);
  } else {
    rules::apply_defaults(*msg);
    rules::prepare_for_update(*msg, old);
    auto& config = job->self->state.ctx->config();
    found = rules::validate_update(*msg, old,
                                   rules::context_of(config.service_cidr));
    for (auto& w : rules::warnings(*msg))
      job->warnings.push_back(w);
  }
  if (!found.empty()) {
    job->fail(invalid(kind, job->current.name(), found));
    return;
  }
  mutable_metadata_of(*msg)->set_resource_version(
      std::to_string(job->current.revision()));
  auto fresh = object::of(std::move(msg));
  if (rules::is_finished(fresh))
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
    if (!resized) {
      job->fail(resized.error());
      return;
    }
    finish_update(job, resized->clone(), {}, [again] { again(again); });
  };
  with_current(job, false, [attempt] { attempt(attempt); });
}

// Kubernetes: only this takes the finalizers of a namespace away, and the last
// one gone is its end.
void run_finalize(job_ptr job) {
  auto attempt = [job](auto again) -> void {
    if (auto err = rules::check_preconditions(
            job->body.message(), job->current.message(),
            std::to_string(job->current.revision()))) {
      job->fail(err);
      return;
    }
    auto changed = job->current.copy<core::v1::Namespace>();
    *changed.mutable_spec()->mutable_finalizers() =
        job->body.as<core::v1::Namespace>().spec().finalizers();
    auto fresh = object::of(changed);
    auto retry = [again] { again(again); };
    if (rules::is_finished(fresh))
      store_removal(job, retry);
    else
      store_object(job, std::move(fresh), retry);
  };
  with_current(job, false, [attempt] { attempt(attempt); });
}

void run_binding(job_ptr job) {
  auto attempt = [job](auto again) -> void {
    auto& binding = job->body.as<core::v1::Binding>();
    auto& name = job->request->name();
    auto pod = job->current.copy<core::v1::Pod>();
    auto refuse = [&](const std::string& why) {
      job->fail(make_error(ec::conflict, "Operation cannot be fulfilled on "
                                         "pods/binding \""
                                             + name + "\": " + why));
    };
    if (binding.target().name().empty()) {
      job->fail(
          invalid(kind_of<core::v1::Binding>(), name,
                  {{"FieldValueRequired", "target.name", "Required value"}}));
    } else if (!binding.metadata().uid().empty()
               && binding.metadata().uid() != job->current.uid()) {
      refuse("the pod is another one by now");
    } else if (pod.metadata().has_deletion_timestamp()) {
      refuse("pod " + name + " is being deleted, cannot be assigned to a host");
    } else if (!pod.spec().node_name().empty()) {
      refuse("pod " + name + " is already assigned to node \""
             + pod.spec().node_name() + "\"");
    } else {
      pod.mutable_spec()->set_node_name(binding.target().name());
      for (auto& [key, value] : binding.metadata().annotations())
        (*pod.mutable_metadata()->mutable_annotations())[key] = value;
      auto& conditions = *pod.mutable_status()->mutable_conditions();
      core::v1::PodCondition* scheduled = nullptr;
      for (auto& c : conditions)
        if (c.type() == "PodScheduled")
          scheduled = &c;
      if (scheduled == nullptr)
        scheduled = conditions.Add();
      scheduled->Clear();
      scheduled->set_type("PodScheduled");
      scheduled->set_status("True");
      *scheduled->mutable_last_transition_time() =
          to_time(job->self->state.ctx->now());
      store_object(job, object::of(pod), [again] { again(again); });
    }
  };
  with_current(job, false, [attempt] { attempt(attempt); });
}

} // namespace troupe
