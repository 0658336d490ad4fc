#include "actors/apiserver/registry.hpp"

#include "actors/apiserver/write_job.hpp"
#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/policy.pb.h"
#include "messages/api/scheduling.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/scale.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using pointer = registry_actor::stateful_pointer<registry_state>;

enum stream : uint64_t { namespace_stream = 1, priority_stream = 2 };

bool is_core(const kind_info& kind, std::string_view plural) {
  return kind.group.empty() && kind.plural == plural;
}

void resolve(pointer self, const std::string& path,
             std::function<void(const caf::actor&)> found) {
  system::Resolve msg;
  msg.set_path(path);
  self->state.requests.ask<caf::actor>(
      self->state.ctx->directory(),
      [self, found](const caf::actor& handle) {
        self->monitor(handle);
        found(handle);
      },
      [](const caf::error&) {}, pb<system::Resolve>{std::move(msg)});
}

void find_store(pointer self) {
  resolve(self, "store/replica", [self](const caf::actor& handle) {
    self->state.store = caf::actor_cast<store_actor>(handle);
  });
}

void find_view(pointer self) {
  resolve(self, resource_path("view", *self->state.kind),
          [self](const caf::actor& handle) {
            self->state.view = caf::actor_cast<api_actor>(handle);
          });
}

void find_allocators(pointer self) {
  resolve(self, "apiserver/allocators", [self](const caf::actor& handle) {
    self->state.allocators = caf::actor_cast<allocators_actor>(handle);
  });
}

/// Follows all objects of another kind.
void follow(pointer self, const kind_info& kind, uint64_t number) {
  auto plural = std::string{kind.plural};
  resolve(self, resource_path("view", kind),
          [self, plural, number](const caf::actor& handle) {
            self->state.views[plural] = handle;
            call::Watch msg;
            msg.set_stream(number);
            self->state.requests.ask<pb<call::WatchStarted>>(
                handle, [](const pb<call::WatchStarted>&) {},
                [](const caf::error&) {}, pb<call::Watch>{std::move(msg)},
                watcher_actor{self});
          });
}

void follow_namespaces(pointer self) {
  if (self->state.kind->namespaced)
    follow(self, kind_of<core::v1::Namespace>(), namespace_stream);
}

void follow_priorities(pointer self) {
  if (is_core(*self->state.kind, "pods"))
    follow(self, kind_of<scheduling::v1::PriorityClass>(), priority_stream);
}

void on_changes(pointer self, const changes& batch) {
  auto& st = self->state;
  auto is_namespace = batch.stream == namespace_stream;
  auto& map = is_namespace ? st.namespaces : st.priority_classes;
  if (!batch.ended.empty()) {
    if (is_namespace)
      follow_namespaces(self);
    else
      follow_priorities(self);
    return;
  }
  if (batch.reset)
    map.clear();
  for (auto& c : batch.items) {
    if (c.type == change_type::deleted)
      map.erase(c.what.name());
    else
      map[c.what.name()] = c.what;
  }
  call::Ack ack;
  ack.set_stream(batch.stream);
  ack.set_sequence(batch.sequence);
  auto view = st.views.find(is_namespace ? "namespaces" : "priorityclasses");
  if (view != st.views.end())
    self->send(caf::actor_cast<api_actor>(view->second),
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
  for (auto& [plural, handle] : st.views) {
    if (handle && handle.address() == down.source) {
      auto gone = plural;
      st.views.erase(gone);
      if (gone == "namespaces")
        follow_namespaces(self);
      else
        follow_priorities(self);
      return;
    }
  }
}

caf::error wrong_verb(const write_job& job) {
  auto& sub = job.request->subresource();
  return make_error(ec::method_not_allowed,
                    "the server does not allow this method on the requested "
                    "resource: "
                        + job.kind().qualified_plural()
                        + (sub.empty() ? "" : "/" + sub));
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
      job->answer(*scale, job->current.revision());
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
    job->fail(wrong_verb(*job));
}

caf::error check_request(const write_job& job) {
  auto& request = *job.request;
  auto& sub = request.subresource();
  if (!sub.empty() && !job.kind().has_subresource(sub))
    return make_error(ec::not_found,
                      "the server could not find the requested resource: "
                          + job.kind().qualified_plural() + "/" + sub);
  auto needs_name = request.verb() != call::CREATE
                    && request.verb() != call::DELETE_COLLECTION;
  if ((needs_name || !sub.empty()) && request.name().empty())
    return make_error(ec::bad_request, "a name is required");
  auto needs_body =
      request.verb() == call::CREATE || request.verb() == call::UPDATE;
  if (!needs_body)
    return caf::none;
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
  if (needs_name && job.body.name() != request.name())
    return make_error(ec::bad_request,
                      "the name of the object (" + job.body.name()
                          + ") does not match the name on the request ("
                          + request.name() + ")");
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
      job->fail(wrong_verb(*job));
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
  run(std::move(job));
  return promise;
}

pb<system::Description> on_describe(pointer self) {
  system::Description result;
  result.add_facts("writes=" + std::to_string(self->state.writes));
  return result;
}

} // namespace

std::string resource_path(const std::string& branch, const kind_info& kind) {
  return "apiserver/" + branch + "/" + kind.qualified_plural();
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
  follow_namespaces(self);
  follow_priorities(self);
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
      [self](const changes& batch) { on_changes(self, batch); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
