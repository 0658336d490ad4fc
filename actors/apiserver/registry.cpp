#include "actors/apiserver/registry.hpp"

#include "actors/apiserver/beside.hpp"
#include "actors/apiserver/write_job.hpp"
#include "actors/system/describing.hpp"
#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/networking.pb.h"
#include "messages/api/node.pb.h"
#include "messages/api/policy.pb.h"
#include "messages/api/scheduling.pb.h"
#include "messages/api/storage.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/nameless.hpp"
#include "runtime/rules/requests.hpp"
#include "runtime/rules/scale.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <array>

namespace troupe {

namespace {

using pointer = registry_actor::stateful_pointer<registry_state>;

bool is_core(const kind_info& kind, std::string_view plural) {
  return kind.group.empty() && kind.plural == plural;
}

void find_store(pointer self) {
  find_beside(self, "store/replica", [self](const caf::actor& handle) {
    self->state.store = caf::actor_cast<store_actor>(handle);
  });
}

void find_view(pointer self) {
  find_beside(self, resource_path("view", *self->state.kind),
              [self](const caf::actor& handle) {
                self->state.view = caf::actor_cast<api_actor>(handle);
              });
}

void find_allocators(pointer self) {
  find_beside(self, "apiserver/allocators", [self](const caf::actor& handle) {
    self->state.allocators = caf::actor_cast<allocators_actor>(handle);
  });
}

/// Follows all objects of another kind, so that admission need not ask.
void follow(pointer self, size_t index) {
  auto& other = self->state.others[index];
  find_beside(self, resource_path("view", *other.kind),
              [self, index](const caf::actor& handle) {
                self->state.others[index].view = handle;
                call::Watch msg;
                msg.set_stream(index + 1);
                self->state.requests.ask<pb<call::WatchStarted>>(
                    handle, [](const pb<call::WatchStarted>&) {},
                    [](const caf::error&) {}, pb<call::Watch>{std::move(msg)},
                    watcher_actor{self});
              });
}

template <class... Ts>
void add_others(registry_state& st) {
  (st.others.push_back({&kind_of<Ts>(), {}, {}}), ...);
}

void follow_others(pointer self) {
  auto& st = self->state;
  if (st.kind->namespaced)
    add_others<core::v1::Namespace, core::v1::ResourceQuota>(st);
  if (is_core(*st.kind, "pods"))
    add_others<core::v1::ServiceAccount, scheduling::v1::PriorityClass,
               node::v1::RuntimeClass, policy::v1::PodDisruptionBudget,
               core::v1::LimitRange>(st);
  if (is_core(*st.kind, "persistentvolumeclaims"))
    add_others<storage::v1::StorageClass, core::v1::LimitRange>(st);
  if (st.kind == &kind_of<networking::v1::Ingress>())
    add_others<networking::v1::IngressClass>(st);
  if (st.kind == &kind_of<scheduling::v1::PriorityClass>())
    add_others<scheduling::v1::PriorityClass>(st);
  for (size_t i = 0; i < st.others.size(); ++i)
    follow(self, i);
}

/// Goes on with the writes that wait for what is there now.
void resume_waiting(pointer self, const followed_kind& other) {
  auto& waiting = self->state.waiting;
  std::vector<std::function<void()>> ready;
  for (auto i = waiting.begin(); i != waiting.end();) {
    auto found = i->kind == other.kind ? other.objects.find(i->key)
                                       : other.objects.end();
    if (found == other.objects.end()) {
      ++i;
      continue;
    }
    ready.push_back(
        [go_on = std::move(i->go_on), what = found->second] { go_on(what); });
    i = waiting.erase(i);
  }
  for (auto& f : ready)
    f();
}

void on_tick(pointer self, const system::Tick& tick) {
  auto& waiting = self->state.waiting;
  auto found = std::find_if(waiting.begin(), waiting.end(), [&](auto& each) {
    return each.number == tick.number();
  });
  if (found == waiting.end())
    return;
  auto go_on = std::move(found->go_on);
  waiting.erase(found);
  go_on({});
}

void on_changes(pointer self, const changes& batch) {
  auto index = batch.stream - 1;
  auto& other = self->state.others[index];
  if (!batch.ended.empty()) {
    follow(self, index);
    return;
  }
  if (batch.reset)
    other.objects.clear();
  for (auto& c : batch.items)
    note_other(other, c.what, c.type == change_type::deleted);
  other.complete = other.complete || batch.complete;
  resume_waiting(self, other);
  call::Ack ack;
  ack.set_stream(batch.stream);
  ack.set_sequence(batch.sequence);
  if (other.view)
    self->send(caf::actor_cast<api_actor>(other.view),
               pb<call::Ack>{std::move(ack)}, watcher_actor{self});
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  st.requests.on_down(down);
  if (st.store && st.store.address() == down.source) {
    st.store = nullptr;
    find_store(self);
  } else if (st.view && st.view.address() == down.source) {
    st.view = nullptr;
    find_view(self);
  } else if (st.allocators && st.allocators.address() == down.source) {
    st.allocators = nullptr;
    find_allocators(self);
  }
  for (size_t i = 0; i < st.others.size(); ++i) {
    if (st.others[i].view && st.others[i].view.address() == down.source) {
      st.others[i].view = nullptr;
      follow(self, i);
    }
  }
}

std::string_view verb_name(call::Verb verb) {
  constexpr std::array<std::string_view, 8> names{
      "",       "get",   "list",   "create",
      "update", "patch", "delete", "deletecollection"};
  return names[static_cast<size_t>(verb)];
}

caf::error wrong_verb() {
  return make_error(ec::method_not_allowed,
                    "the server does not allow this method on the requested "
                    "resource",
                    meta::v1::StatusDetails{});
}

/// Reads are the view's; here come those that it knows nothing of.
void run_get(job_ptr job) {
  if (job->request->subresource() != "scale") {
    with_current(job, true,
                 [job] { job->answer(job->current, job->current.revision()); });
    return;
  }
  with_current(job, true, [job] {
    auto scale = rules::scale_of(job->current);
    if (scale)
      job->answer(job->current, job->current.revision());
    else
      job->fail(scale.error());
  });
}

void run_sub_create(job_ptr job) {
  auto& sub = job->request->subresource();
  if (sub == "binding" && is_core(job->kind(), "pods"))
    run_binding(job);
  else if (sub == "eviction" && is_core(job->kind(), "pods"))
    run_eviction(job);
  else
    job->fail(wrong_verb());
}

/// What comes with a delete, whatever way it came.
caf::error check_delete(const call::Request& request) {
  meta::v1::DeleteOptions options;
  if (request.has_grace_period_seconds())
    options.set_grace_period_seconds(request.grace_period_seconds());
  if (!request.propagation_policy().empty())
    options.set_propagation_policy(request.propagation_policy());
  auto found = rules::validate_delete_options(options);
  if (found.empty())
    return caf::none;
  return invalid("meta.k8s.io", "DeleteOptions", {}, found);
}

/// The body must be what the path says.
caf::error check_body(const write_job& job) {
  auto& request = *job.request;
  auto& sub = request.subresource();
  if (!job.body)
    return make_error(ec::bad_request, "an object is required");
  const kind_info* wanted = &job.kind();
  if (sub == "scale")
    wanted = &kind_of<autoscaling::v1::Scale>();
  else if (sub == "binding")
    wanted = &kind_of<core::v1::Binding>();
  else if (sub == "eviction")
    wanted = &kind_of<policy::v1::Eviction>();
  if (&job.body.kind() != wanted)
    return make_error(ec::bad_request,
                      "the object is a " + std::string{job.body.kind().kind}
                          + ", expected " + std::string{wanted->kind});
  if ((sub == "binding" || sub == "eviction")
      && job.body.name() != request.name())
    return make_error(ec::bad_request, "name in URL does not match name in "
                                           + std::string{wanted->kind}
                                           + " object");
  if (request.verb() == call::UPDATE && job.body.name().empty())
    return rules::nameless(request.name());
  auto creates = request.verb() == call::CREATE && sub.empty();
  return rules::check_place(job.body.meta(), job.kind(), request.namespace_(),
                            creates ? std::string{} : request.name());
}

/// An update of 1.20 whose body there is no kind for any more.
bool is_told_as_patch(const call::Request& request) {
  return request.subresource() == "ephemeralcontainers"
         && request.patch_type() == call::STRATEGIC;
}

caf::error check_request(const write_job& job) {
  auto& request = *job.request;
  auto& sub = request.subresource();
  if (!sub.empty() && !job.kind().has_subresource(sub))
    return make_error(ec::not_found,
                      "the server could not find the requested resource",
                      meta::v1::StatusDetails{});
  if (!sub.empty() && !rules::subresource_takes(sub, verb_name(request.verb())))
    return wrong_verb();
  auto needs_name = request.verb() != call::CREATE
                    && request.verb() != call::DELETE_COLLECTION;
  if ((needs_name || !sub.empty()) && request.name().empty())
    return make_error(ec::bad_request, "a name is required");
  auto needs_body =
      request.verb() == call::CREATE
      || (request.verb() == call::UPDATE && !is_told_as_patch(request));
  if (needs_body)
    return check_body(job);
  if (request.verb() == call::DELETE
      || request.verb() == call::DELETE_COLLECTION)
    return check_delete(request);
  return caf::none;
}

void run(job_ptr job) {
  if (auto err = check_request(*job)) {
    job->fail(err);
    return;
  }
  auto& sub = job->request->subresource();
  switch (job->request->verb()) {
    case call::GET:
      run_get(job);
      break;
    case call::CREATE:
      if (sub.empty())
        run_create(job);
      else
        run_sub_create(job);
      break;
    case call::UPDATE:
      if (sub == "scale")
        run_scale(job);
      else if (sub == "finalize")
        run_finalize(job);
      else if (is_told_as_patch(*job->request))
        run_patch(job);
      else
        run_update(job);
      break;
    case call::PATCH:
      run_patch(job);
      break;
    case call::DELETE:
      run_delete(job);
      break;
    case call::DELETE_COLLECTION:
      run_delete_collection(job);
      break;
    default:
      job->fail(wrong_verb());
  }
}

caf::result<pb<call::Response>, std::vector<object>>
on_request(pointer self, const pb<call::Request>& msg, const object& body) {
  auto& st = self->state;
  if (!st.store || !st.view
      || (is_core(*st.kind, "services") && !st.allocators))
    return make_error(ec::service_unavailable, "the registry of "
                                                   + st.kind->qualified_plural()
                                                   + " is starting");
  auto job = std::make_shared<write_job>();
  job->self = self;
  job->request = msg;
  job->body = body;
  job->promise =
      self->make_response_promise<pb<call::Response>, std::vector<object>>();
  auto promise = job->promise;
  when_limits_known(job, [job] { run(job); });
  return promise;
}

pb<system::Description> on_describe(pointer self) {
  auto result = begin_description(self);
  result.add_facts("writes=" + std::to_string(self->state.writes));
  return result;
}

} // namespace

followed_kind* registry_state::find_other(const kind_info& wanted) {
  for (auto& other : others)
    if (other.kind == &wanted)
      return &other;
  return nullptr;
}

std::string resource_name(const kind_info& kind) {
  if (find_resource(kind.group, kind.plural) == &kind)
    return kind.qualified_plural();
  return std::string{kind.plural} + "." + std::string{kind.version} + "."
         + std::string{kind.group};
}

std::string resource_path(const std::string& branch, const kind_info& kind) {
  return "apiserver/" + branch + "/" + resource_name(kind);
}

registry_actor::behavior_type registry(pointer self, context ctx,
                                       const kind_info* kind) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.kind = kind;
  st.requests = calls{self};
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  find_store(self);
  find_view(self);
  if (is_core(*kind, "services"))
    find_allocators(self);
  follow_others(self);
  return {
      [self](const pb<call::Request>& msg, const object& body) {
        return on_request(self, msg, body);
      },
      [](const pb<call::Watch>&,
         const watcher_actor&) -> caf::result<pb<call::WatchStarted>> {
        return make_error(ec::method_not_allowed, "a registry only writes");
      },
      [](const pb<call::Ack>&, const watcher_actor&) {
        // Views are asked for batches, not registries.
      },
      [](const pb<call::StopWatch>&, const watcher_actor&) {
        // As above.
      },
      [self](const pb<system::Tick>& tick) { on_tick(self, *tick); },
      [self](const changes& batch) { on_changes(self, batch); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
      [self](const policy_news& news) { self->state.policy = news.policy; },
  };
}

} // namespace troupe
