#include "actors/apiserver/write_job.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/scheduling.pb.h"
#include "runtime/rules/admission.hpp"
#include "runtime/rules/names.hpp"
#include "runtime/rules/strategy.hpp"
#include "runtime/system/config.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

std::function<uint64_t()> entropy_of(job_ptr job) {
  return [job] { return job->self->state.ctx->random(); };
}

caf::error check_body(const write_job& job) {
  auto& request = *job.request;
  auto& body = job.body;
  auto& kind = job.kind();
  if (!body)
    return make_error(ec::bad_request, "create needs an object");
  if (&body.kind() != &kind)
    return make_error(ec::bad_request,
                      "the object is a " + std::string{body.kind().kind}
                          + ", not a " + std::string{kind.kind});
  if (body.revision() != 0)
    return make_error(ec::bad_request,
                      "resourceVersion should not be set on objects to be "
                      "created");
  if (kind.namespaced && request.namespace_().empty())
    return make_error(ec::bad_request, "an empty namespace may not be set "
                                       "during creation");
  if (!body.ns().empty() && body.ns() != request.namespace_())
    return make_error(ec::bad_request,
                      "the namespace of the provided object does not match "
                      "the namespace sent on the request");
  return caf::none;
}

/// Mutating admission of what the server admits by itself.
caf::error admit(job_ptr job, google::protobuf::Message& msg) {
  if (job->kind().plural != "pods" || !job->kind().group.empty())
    return caf::none;
  auto& pod = static_cast<core::v1::Pod&>(msg);
  std::vector<const scheduling::v1::PriorityClass*> classes;
  for (auto& [name, what] : job->self->state.priority_classes)
    classes.push_back(&what.as<scheduling::v1::PriorityClass>());
  if (auto err = rules::resolve_priority(pod, classes))
    return err;
  rules::set_default_account(pod);
  rules::add_default_tolerations(pod);
  return caf::none;
}

void make_and_store(job_ptr job);

void allocate_and_store(job_ptr job, object fresh) {
  auto& st = job->self->state;
  if (!st.allocators || job->request->dry_run()) {
    store_object(job, std::move(fresh), [job] { make_and_store(job); });
    return;
  }
  st.requests.ask<object>(
      st.allocators,
      [job](const object& given) {
        job->given = given;
        store_object(job, given, [job] {
          job->give_back();
          make_and_store(job);
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
  if (auto err = admit(job, *msg)) {
    job->fail(err);
    return;
  }
  rules::apply_defaults(*msg);
  rules::prepare_for_create(*msg);
  auto found = rules::validate_create(
      *msg, rules::context_of(st.ctx->config().service_cidr));
  if (!found.empty()) {
    job->fail(invalid(kind, meta.name(), found));
    return;
  }
  job->warnings = rules::warnings(*msg);
  if (!kind.acted_on)
    job->warnings.push_back(std::string{kind.kind}
                            + " is stored, but nothing in this cluster acts on "
                              "it yet");
  allocate_and_store(job, object::of(std::move(msg)));
}

/// Kubernetes: NamespaceLifecycle.
void check_namespace(job_ptr job, const object& ns) {
  auto err = rules::check_namespace_takes(
      &ns.as<core::v1::Namespace>(), ns.name(), job->kind().qualified_plural(),
      job->body.name());
  if (err)
    job->fail(err);
  else
    make_and_store(job);
}

} // namespace

void run_create(job_ptr job) {
  if (auto err = check_body(*job)) {
    job->fail(err);
    return;
  }
  auto& st = job->self->state;
  if (!job->kind().namespaced) {
    make_and_store(job);
    return;
  }
  auto& ns = job->request->namespace_();
  if (auto known = st.namespaces.find(ns); known != st.namespaces.end()) {
    check_namespace(job, known->second);
    return;
  }
  // Perhaps it is newer than what was heard of.
  auto view = st.views.find("namespaces");
  if (view == st.views.end()) {
    job->fail(make_error(ec::service_unavailable, "starting"));
    return;
  }
  call::Request msg;
  msg.set_verb(call::GET);
  msg.set_name(ns);
  st.requests.ask<pb<call::Response>, std::vector<object>>(
      caf::actor_cast<api_actor>(view->second),
      [job](const pb<call::Response>&, const std::vector<object>& found) {
        check_namespace(job, found.front());
      },
      [job](const caf::error& err) { job->fail(err); },
      pb<call::Request>{std::move(msg)}, object{});
}

} // namespace troupe
