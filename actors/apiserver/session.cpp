#include "actors/apiserver/session.hpp"

#include "actors/apiserver/authenticator.hpp"
#include "actors/apiserver/registry.hpp"
#include "actors/apiserver/session_parts.hpp"
#include "actors/system/describing.hpp"
#include "messages/api/certificates.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/call.pb.h"
#include "messages/pod_stream.pb.h"
#include "messages/store_desk.pb.h"
#include "messages/system.pb.h"
#include "runtime/rules/admission.hpp"
#include "runtime/rules/component_status.hpp"
#include "runtime/rules/election.hpp"
#include "runtime/rules/reviews.hpp"
#include "runtime/rules/versions.hpp"
#include "runtime/system/config.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <set>

namespace troupe {

namespace {

using namespace serving;

expected<const kind_info*> find_served(const std::string& api_version,
                                       const std::string& kind) {
  auto* found = find_kind(api_version, kind);
  if (found == nullptr || found->plural.empty())
    return make_error(ec::not_found, "the server could not find the requested "
                                     "resource: no kind \""
                                         + kind + "\" in version \""
                                         + api_version + "\"");
  return found;
}

caf::error check_scope(const kind_info& kind, const call::Request& msg) {
  if (!kind.namespaced && !msg.namespace_().empty())
    return make_error(ec::bad_request,
                      kind.qualified_plural() + " are not namespaced");
  auto named = msg.verb() == call::GET || msg.verb() == call::UPDATE
               || msg.verb() == call::PATCH || msg.verb() == call::DELETE;
  if (named && msg.name().empty())
    return make_error(ec::bad_request, "a name is required");
  if (named && kind.namespaced && msg.namespace_().empty())
    return make_error(ec::bad_request, "a namespace is required");
  return caf::none;
}

bool changes_something(const call::Request& msg) {
  return msg.verb() != call::GET && msg.verb() != call::LIST;
}

/// The parts of the control plane are not stored: they are looked at.
void look_at_components(pointer self, const std::string& name,
                        request_promise promise) {
  self->state.requests.ask<pb<system::ActorList>>(
      self->state.ctx->directory(),
      [promise, name,
       stores = self->state.ctx->config().of_servers("store/replica"),
       beside = self->state.ctx->config().of_components("")](
          const pb<system::ActorList>& all) mutable {
        auto& actors = all->actors();
        // A component may be that of any server here.
        auto is_there = [&](const std::string& path) {
          return std::any_of(actors.begin(), actors.end(), [&](auto& a) {
            return a.path() == path
                   || std::any_of(beside.begin(), beside.end(), [&](auto& top) {
                        return a.path() == top + path;
                      });
          });
        };
        auto found = rules::component_statuses(stores, is_there);
        if (!name.empty())
          std::erase_if(found, [&](auto& x) { return x.name() != name; });
        if (!name.empty() && found.empty())
          promise.deliver(make_error(
              ec::not_found, "componentstatuses \"" + name + "\" not found"));
        else
          promise.deliver(pb<call::Response>{call::Response{}},
                          std::move(found));
      },
      [promise](const caf::error& err) mutable { promise.deliver(err); },
      pb<system::ListActors>{system::ListActors{}});
}

caf::result<pb<call::Response>, std::vector<object>>
on_components(pointer self, const pb<call::Request>& msg) {
  request_promise promise{self};
  auto& kind = kind_of<core::v1::ComponentStatus>();
  with_right(
      self, access_of(kind, *msg, {}),
      [self, promise, name = msg->name()](const caf::error& err) mutable {
        if (err)
          promise.deliver(err);
        else
          look_at_components(self, name, promise);
      });
  return promise;
}

/// The older way to bind a pod names it in the body only.
pb<call::Request> binding_of_pod(const call::Request& msg, const object& body) {
  auto& pods = kind_of<core::v1::Pod>();
  auto result = msg;
  result.set_api_version(pods.api_version());
  result.set_kind(std::string{pods.kind});
  result.set_name(body ? body.name() : std::string{});
  result.set_subresource("binding");
  return pb<call::Request>{std::move(result)};
}

/// Shows what the registry answered in the version that was asked for.
void show_as(const kind_info& kind, std::vector<object>& objects) {
  for (auto& each : objects)
    if (each && &each.kind() != &kind && rules::is_form_of(kind, each.kind()))
      each = rules::from_stored(kind, each);
}

/// Who serves a request: tokens are made where they are reviewed.
std::string backend_of(const kind_info& kind, const call::Request& msg) {
  if (msg.verb() == call::CREATE && msg.subresource() == "token"
      && &kind == &kind_of<core::v1::ServiceAccount>())
    return authenticator_path;
  auto reads = msg.subresource().empty()
               && (msg.verb() == call::LIST || msg.verb() == call::GET);
  return reads ? resource_path("view", kind)
               : resource_path("registry", rules::stored_kind(kind));
}

/// The body in the version that is stored. Whoever asks for a certificate is
/// who we know, whatever the request says.
object to_be_stored(const call::Request& msg, const object& body,
                    const rules::caller& who) {
  using certificates::v1::CertificateSigningRequest;
  if (!body)
    return body;
  auto stored = rules::to_stored(body);
  if (msg.verb() != call::CREATE
      || &stored.kind() != &kind_of<CertificateSigningRequest>())
    return stored;
  auto fresh = stored.copy<CertificateSigningRequest>();
  rules::stamp_requester(fresh, who);
  return object::of(fresh).with_revision(stored.revision());
}

/// Passes a request on that may be done: reads to the view, the rest to the
/// registry.
void pass_on(pointer self, const kind_info& kind, const call::Request& msg,
             const object& body, request_promise promise) {
  auto& st = self->state;
  ++st.served;
  auto request = msg;
  request.clear_secret();
  request.set_election(st.election);
  if (st.election.empty())
    request.clear_term();
  else if (request.term() == 0 && changes_something(request)) {
    promise.deliver(rules::term_over(st.election));
    return;
  }
  request.set_user(st.who.user);
  *request.mutable_groups() = {st.who.groups.begin(), st.who.groups.end()};
  with_backend(
      self, backend_of(kind, msg),
      [self, &kind, promise, body = to_be_stored(msg, body, st.who),
       out = pb<call::Request>{std::move(request)}](const caf::actor& to) {
        self->state.requests.ask<pb<call::Response>, std::vector<object>>(
            caf::actor_cast<api_actor>(to),
            [&kind, promise](pb<call::Response>& response,
                             std::vector<object>& objects) mutable {
              show_as(kind, objects);
              promise.deliver(std::move(response), std::move(objects));
            },
            [promise](const caf::error& err) mutable { promise.deliver(err); },
            out, body);
      });
}

caf::result<pb<call::Response>, std::vector<object>>
on_request(pointer self, const pb<call::Request>& msg, const object& body) {
  if (auto err = check_request(self, msg->secret()))
    return err;
  if (msg->kind().empty() && msg->name().starts_with('/'))
    return on_path(self, *msg);
  auto kind = find_served(msg->api_version(), msg->kind());
  if (!kind)
    return kind.error();
  auto what = access_of(**kind, *msg, body);
  if (what.subresource.empty() && !(*kind)->has_verb(what.verb))
    return make_error(ec::method_not_allowed,
                      "the server does not allow this method on the "
                      "requested resource",
                      meta::v1::StatusDetails{});
  if (*kind == &kind_of<core::v1::Binding>())
    return on_request(self, binding_of_pod(*msg, body), body);
  if (*kind == &kind_of<core::v1::ComponentStatus>())
    return on_components(self, msg);
  if (rules::is_review(**kind))
    return on_review(self, **kind, msg, body);
  if (auto err = check_scope(**kind, *msg))
    return err;
  request_promise promise{self};
  with_right(
      self, what,
      [self, kind = *kind, msg, body, promise](const caf::error& err) mutable {
        if (err)
          return promise.deliver(err);
        check_apply(self, *kind, msg,
                    [self, kind, body, promise](
                        const expected<pb<call::Request>>& found) mutable {
                      if (found)
                        pass_on(self, *kind, **found, body, promise);
                      else
                        promise.deliver(found.error());
                    });
      });
  return promise;
}

using watch_promise = caf::typed_response_promise<pb<call::WatchStarted>>;

void start_watch(pointer self, const std::string& path,
                 const pb<call::Watch>& msg, const watcher_actor& to,
                 watch_promise promise) {
  // It may have been stopped while it waited for its right.
  if (self->state.streams.count({to.address(), msg->stream()}) == 0) {
    promise.deliver(make_error(ec::bad_request, "the watch was stopped"));
    return;
  }
  with_backend(self, path, [self, promise, msg, to](const caf::actor& view) {
    self->state.requests.ask<pb<call::WatchStarted>>(
        caf::actor_cast<api_actor>(view),
        [promise](const pb<call::WatchStarted>& started) mutable {
          promise.deliver(started);
        },
        [promise](const caf::error& err) mutable { promise.deliver(err); }, msg,
        to);
  });
}

rules::access access_of(const kind_info& kind, const call::Watch& msg) {
  rules::access what;
  what.verb = "watch";
  what.group = kind.group;
  what.resource = kind.plural;
  what.ns = msg.namespace_();
  what.name = rules::selected_name(msg.field_selector());
  what.field_selector = msg.field_selector();
  return what;
}

caf::result<pb<call::WatchStarted>>
on_watch(pointer self, const pb<call::Watch>& msg, const watcher_actor& to) {
  if (auto err = check_sender(self, msg->secret()))
    return err;
  auto kind = find_served(msg->api_version(), msg->kind());
  if (!kind)
    return kind.error();
  if (!(*kind)->has_verb("watch"))
    return make_error(ec::method_not_allowed,
                      (*kind)->qualified_plural() + " cannot be watched");
  auto path = resource_path("view", **kind);
  self->state.streams[{to.address(), msg->stream()}] = path;
  watch_promise promise = self->make_response_promise<pb<call::WatchStarted>>();
  with_right(self, access_of(**kind, *msg),
             [self, path, msg, to, promise](const caf::error& err) mutable {
               if (!err)
                 return start_watch(self, path, msg, to, promise);
               self->state.streams.erase({to.address(), msg->stream()});
               promise.deliver(err);
             });
  return promise;
}

/// Passes on what a watcher says about its stream.
template <class T>
void to_view(pointer self, const pb<T>& msg, const watcher_actor& from) {
  auto& st = self->state;
  auto stream = st.streams.find({from.address(), msg->stream()});
  if (stream == st.streams.end())
    return;
  auto backend = st.backends.find(stream->second);
  if (backend != st.backends.end() && backend->second.handle)
    self->send(caf::actor_cast<api_actor>(backend->second.handle), msg, from);
  if constexpr (std::is_same_v<T, call::StopWatch>)
    st.streams.erase(stream);
}

/// A view that goes down takes the streams that it served along; their
/// watchers are told, so that they begin anew.
void end_streams(pointer self, const std::string& path) {
  auto& st = self->state;
  for (auto i = st.streams.begin(); i != st.streams.end();) {
    if (i->second != path) {
      ++i;
      continue;
    }
    if (auto to = caf::actor_cast<caf::actor>(i->first.first)) {
      changes end;
      end.stream = i->first.second;
      end.ended =
          to_status(make_error(ec::service_unavailable, "the view went down"))
              .SerializeAsString();
      self->send(caf::actor_cast<watcher_actor>(to), std::move(end));
    }
    i = st.streams.erase(i);
  }
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  st.requests.on_down(down);
  st.relays.remove(down.source);
  for (auto& [path, backend] : st.backends) {
    if (backend.handle && backend.handle.address() == down.source) {
      backend.handle = nullptr;
      end_streams(self, path);
      // Whoever enrolled is to do so again.
      if (st.enrolled && path == processes_path)
        self->quit(caf::exit_reason::remote_link_unreachable);
    }
  }
}

/// "3:nodes,pods,services": how many streams, of what.
std::string watched(const session_state& st) {
  constexpr size_t most_named = 8;
  std::set<std::string> names;
  for (auto& [who, path] : st.streams)
    names.insert(path.substr(path.rfind('/') + 1));
  auto result = std::to_string(st.streams.size());
  size_t count = 0;
  for (auto& name : names) {
    if (count == most_named)
      return result + ",...";
    result += (count++ == 0 ? ":" : ",") + name;
  }
  return result;
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts("user=" + st.who.user);
  result.add_facts("requests=" + std::to_string(st.served));
  result.add_facts("watches=" + watched(st));
  if (st.turned_away > 0)
    result.add_facts("turned_away=" + std::to_string(st.turned_away));
  if (st.refused > 0)
    result.add_facts("refused=" + std::to_string(st.refused)
                     + ", last: " + st.last_refused);
  return result;
}

} // namespace

policed_session_actor::behavior_type
session(pointer self, context ctx, rules::caller who, std::string secret,
        std::string election,
        std::shared_ptr<const rules::rbac_policy> policy) {
  auto& st = self->state;
  st.election = std::move(election);
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.who = std::move(who);
  st.secret = std::move(secret);
  st.policy = std::move(policy);
  st.requests = calls{self};
  st.relays = brood{self};
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  return {
      [self](const pb<call::Request>& msg, const object& body) {
        return on_request(self, msg, body);
      },
      [self](const pb<call::Watch>& msg, const watcher_actor& to) {
        return on_watch(self, msg, to);
      },
      [self](const pb<call::Ack>& msg, const watcher_actor& from) {
        to_view(self, msg, from);
      },
      [self](const pb<call::StopWatch>& msg, const watcher_actor& from) {
        to_view(self, msg, from);
      },
      [self](const pb<call::OpenStream>& msg,
             const container_stream_actor& to) {
        return on_open_stream(self, msg, to);
      },
      [self](const pb<system::ListActors>& msg) {
        return on_list_actors(self, msg);
      },
      [self](const pb<system::Kill>& msg) { return on_kill(self, msg); },
      [self](const pb<system::Enroll>& msg, const directory_actor& directory) {
        return on_enroll(self, msg, directory);
      },
      [self](const pb<call::StoreQuestion>& msg) {
        return on_store_question(self, *msg);
      },
      [self](const pb<call::StoreSnapshot>& msg,
             const snapshot_receiver_actor& to) {
        on_store_snapshot(self, *msg, to);
      },
      [self](const pb<system::Explain>& msg) { return on_explain(self, msg); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
      [self](const policy_news& news) { on_policy(self, news); },
  };
}

} // namespace troupe
