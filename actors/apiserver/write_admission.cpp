#include "actors/apiserver/write_job.hpp"
#include "messages/api/certificates.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_volume.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/networking.pb.h"
#include "messages/api/node.pb.h"
#include "messages/api/scheduling.pb.h"
#include "messages/api/storage.pb.h"
#include "runtime/rules/admission.hpp"
#include "runtime/rules/admission_classes.hpp"
#include "runtime/rules/escalation.hpp"
#include "runtime/rules/names.hpp"
#include "runtime/rules/node_access.hpp"
#include "runtime/rules/node_restriction.hpp"
#include "runtime/rules/signing.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using core::v1::PersistentVolumeClaim;
using core::v1::Pod;
using networking::v1::Ingress;
using scheduling::v1::PriorityClass;

template <class T>
bool is_kind(const write_job& job) {
  return &job.kind() == &kind_of<T>();
}

template <class T>
std::vector<const T*> all_known(registry_state& st) {
  std::vector<const T*> result;
  for (auto& [key, what] : st.find_other(kind_of<T>())->objects)
    result.push_back(&what.template as<T>());
  return result;
}

template <class T>
const T* as_or_null(const object& what) {
  return what ? &what.as<T>() : nullptr;
}

rules::caller caller_of(const write_job& job) {
  auto& request = *job.request;
  return {request.user(), {request.groups().begin(), request.groups().end()}};
}

// -- before ------------------------------------------------------------------

/// Kubernetes: NamespaceLifecycle. Another try knows that something was not as
/// it seemed, and looks closer.
void check_namespace(job_ptr job, std::function<void()> next) {
  auto& ns = job->request->namespace_();
  with_other(
      job, kind_of<core::v1::Namespace>(), {}, ns,
      [job, next](const object& found) {
        auto err = rules::check_namespace_takes(
            as_or_null<core::v1::Namespace>(found), job->request->namespace_(),
            job->kind().qualified_plural(), job->body.name());
        if (err) {
          job->fail(err);
          return;
        }
        job->space = found;
        next();
      },
      job->tries > 0);
}

/// Kubernetes: the account `default` comes soon after its namespace.
void look_up_account(job_ptr job, std::function<void()> next) {
  auto& kind = kind_of<core::v1::ServiceAccount>();
  auto& ns = job->request->namespace_();
  auto name = job->body.as<Pod>().spec().service_account_name();
  auto take = [job, next](const object& found) {
    job->account = found;
    next();
  };
  if (name.empty() || name == "default")
    with_other_soon(job, kind, ns, "default", take);
  else
    with_other(job, kind, ns, name, take);
}

void look_up_runtime_class(job_ptr job, std::function<void()> next) {
  auto& name = job->body.as<Pod>().spec().runtime_class_name();
  if (name.empty()) {
    next();
    return;
  }
  with_other(job, kind_of<node::v1::RuntimeClass>(), {}, name,
             [job, next](const object& found) {
               job->runtime_class = found;
               next();
             });
}

void look_up_priority(job_ptr job, std::function<void()> next) {
  auto& name = job->body.as<Pod>().spec().priority_class_name();
  if (name.empty()) {
    next();
    return;
  }
  with_other(job, kind_of<PriorityClass>(), {}, name,
             [job, next](const object& found) {
               auto& st = job->self->state;
               auto* other = st.find_other(kind_of<PriorityClass>());
               // The watch has not told it yet.
               if (found)
                 other->objects.try_emplace(found.key(), found);
               next();
             });
}

// -- what is changed or refused ----------------------------------------------

caf::error admit_pod(write_job& job, Pod& pod) {
  auto& st = job.self->state;
  fill_limits(job, pod);
  rules::set_default_account(pod);
  auto random = [&] { return st.ctx->random(); };
  if (auto err = rules::apply_account(
          pod, as_or_null<core::v1::ServiceAccount>(job.account), random))
    return err;
  if (auto err = rules::resolve_priority(pod, all_known<PriorityClass>(st)))
    return err;
  rules::add_default_tolerations(pod);
  if (auto err = rules::apply_runtime_class(
          pod, as_or_null<node::v1::RuntimeClass>(job.runtime_class)))
    return err;
  return check_limits(job, pod);
}

caf::error admit_claim(write_job& job, PersistentVolumeClaim& claim) {
  rules::set_default_storage_class(
      claim, all_known<storage::v1::StorageClass>(job.self->state));
  return check_limits(job, claim);
}

} // namespace

void look_up_others(job_ptr job, std::function<void()> next) {
  if (!job->kind().namespaced) {
    next();
    return;
  }
  if (!is_kind<Pod>(*job)) {
    check_namespace(job, next);
    return;
  }
  check_namespace(job, [job, next] {
    look_up_account(job, [job, next] {
      look_up_runtime_class(job, [job, next] { look_up_priority(job, next); });
    });
  });
}

caf::error admit_create(write_job& job, google::protobuf::Message& msg) {
  auto& st = job.self->state;
  if (auto err = admit_from_node(job, msg, {}))
    return err;
  if (is_kind<Pod>(job))
    return admit_pod(job, static_cast<Pod&>(msg));
  if (is_kind<PersistentVolumeClaim>(job))
    return admit_claim(job, static_cast<PersistentVolumeClaim&>(msg));
  if (is_kind<Ingress>(job))
    rules::set_default_ingress_class(
        static_cast<Ingress&>(msg),
        all_known<networking::v1::IngressClass>(st));
  if (is_kind<certificates::v1::CertificateSigningRequest>(job)) {
    auto& wish = static_cast<certificates::v1::CertificateSigningRequest&>(msg);
    // The session says so of a create; what is applied may create, too.
    if (job.applied)
      rules::stamp_requester(wish, caller_of(job));
    return rules::check_subject(wish);
  }
  if (is_kind<PriorityClass>(job))
    return rules::check_default_class(static_cast<PriorityClass&>(msg),
                                      all_known<PriorityClass>(st));
  return caf::none;
}

caf::error admit_update(write_job& job, google::protobuf::Message& msg) {
  if (is_kind<Pod>(job)) {
    rules::keep_priority(static_cast<Pod&>(msg), job.current.as<Pod>());
    rules::add_default_tolerations(static_cast<Pod&>(msg));
  }
  if (is_kind<PriorityClass>(job))
    return rules::check_default_class(
        static_cast<PriorityClass&>(msg),
        all_known<PriorityClass>(job.self->state));
  if (is_kind<PersistentVolumeClaim>(job)) {
    auto& claim = static_cast<PersistentVolumeClaim&>(msg);
    if (auto err = rules::check_growth(
            claim, job.current.as<PersistentVolumeClaim>(),
            all_known<storage::v1::StorageClass>(job.self->state)))
      return err;
    return check_limits(job, claim);
  }
  return caf::none;
}

caf::error admit_from_node(write_job& job, const google::protobuf::Message& msg,
                           const std::string& subresource) {
  auto node = rules::node_of(caller_of(job));
  if (node.empty())
    return caf::none;
  if (!job.current)
    return rules::check_node_create(node, msg, job.request->namespace_());
  return rules::check_node_update(node, job.current, msg, subresource);
}

caf::error admit_end_by_node(write_job& job, bool eviction) {
  auto node = rules::node_of(caller_of(job));
  return node.empty() ? caf::error{}
                      : rules::check_node_delete(node, job.current, eviction);
}

caf::error admit_rights(write_job& job, const object& fresh) {
  if (!rules::gives_rights(job.kind()))
    return caf::none;
  auto who = caller_of(job);
  if (who.in_group(rules::masters_group))
    return caf::none;
  auto& policy = job.self->state.policy;
  if (!policy)
    return make_error(ec::service_unavailable, "starting");
  return rules::check_escalation(*policy, who, fresh, job.current);
}

} // namespace troupe
