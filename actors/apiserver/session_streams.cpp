#include "actors/apiserver/registry.hpp"
#include "actors/apiserver/relay.hpp"
#include "actors/apiserver/session_parts.hpp"
#include "actors/apiserver/session_reach.hpp"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/call.pb.h"
#include "messages/container.pb.h"
#include "messages/kubelet.pb.h"
#include "messages/kubelet_interface.hpp"
#include "messages/pod_stream.pb.h"
#include "messages/system.pb.h"
#include "messages/tunnel.pb.h"
#include "runtime/rules/pod_subresources.hpp"
#include "runtime/rules/stream_verbs.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <functional>
#include <vector>

// Logs, commands in containers and what is attached to them; connections to
// pods.
namespace troupe::serving {

namespace {

/// Nobody may use up what a node can serve to all.
constexpr size_t most_relays = 256;

/// A stream to a node in another process goes by way of a relay: the two need
/// not know, nor trust, each other.
relay_actor start_relay(pointer self, const container_stream_actor& client,
                        const std::string& first) {
  auto fresh = self->system().spawn(relay, client, first);
  keep_stream(self, caf::actor_cast<caf::actor>(fresh));
  return fresh;
}

template <class Msg>
void open_at(pointer self, const caf::actor& kubelet, const Msg& msg,
             const container_stream_actor& to, stream_promise promise,
             rewording reworded = {}, const std::string& first = {}) {
  auto far = kubelet->node() != self->node() || !first.empty();
  if (far && self->state.relays.size() >= most_relays) {
    promise.deliver(make_error(ec::too_many_requests,
                               "this session has " + std::to_string(most_relays)
                                   + " streams open already"));
    return;
  }
  auto between = far ? start_relay(self, to, first) : relay_actor{};
  auto failed = [self, between, promise,
                 reworded](const caf::error& err) mutable {
    promise.deliver(reworded ? reworded(err) : err);
    if (between)
      self->send_exit(between, caf::exit_reason::user_shutdown);
  };
  self->state.requests.ask<pb<container::StreamOpened>, stream_source_actor>(
      caf::actor_cast<pod_streams_actor>(kubelet),
      [self, between, promise](const pb<container::StreamOpened>& opened,
                               const stream_source_actor& source) mutable {
        if (!between) {
          promise.deliver(opened, source);
          return;
        }
        self->send(between, opened, source);
        promise.deliver(opened, caf::actor_cast<stream_source_actor>(between));
      },
      failed, pb<Msg>{msg},
      far ? caf::actor_cast<container_stream_actor>(between) : to);
}

caf::error unreachable(const std::string& node) {
  return make_error(ec::service_unavailable,
                    "node " + node
                        + " cannot be reached: no kubelet of that name is "
                          "running");
}

/// Which is no mistake of whoever asks for it.
caf::error no_log(const object& pod) {
  return make_error(ec::conflict, message_of(no_host(pod)));
}

} // namespace

void keep_stream(pointer self, const caf::actor& fresh) {
  auto& st = self->state;
  st.relays.add(fresh);
  self->monitor(fresh);
  system::Started started;
  started.set_path(st.ctx->path() + "/stream-" + std::to_string(++st.relayed));
  self->send(st.ctx->directory(), pb<system::Started>{std::move(started)},
             fresh);
}

void open_on_node(pointer self, const object& pod,
                  const pb<call::OpenStream>& msg,
                  const container_stream_actor& to, stream_promise promise,
                  const std::string& first) {
  auto& node = pod.as<core::v1::Pod>().spec().node_name();
  if (node.empty())
    return promise.deliver(msg->has_logs() ? no_log(pod) : no_host(pod));
  with_actor(
      self, "kubelet/" + node,
      [self, msg, to, promise, first](const caf::actor& kubelet) {
        if (msg->has_logs())
          open_at(self, kubelet, msg->logs(), to, promise, {}, first);
        else if (msg->has_exec())
          open_at(self, kubelet, msg->exec(), to, promise);
        else
          open_at(self, kubelet, msg->attach(), to, promise);
      },
      [promise, node](const caf::error&) mutable {
        promise.deliver(unreachable(node));
      });
}

namespace {

caf::error check_logs(const kubelet_api::PodLogs& logs) {
  core::v1::PodLogOptions wished;
  if (logs.options().has_tail_lines())
    wished.set_tail_lines(logs.options().tail_lines());
  if (logs.options().has_limit_bytes())
    wished.set_limit_bytes(logs.options().limit_bytes());
  auto found = rules::validate_log_options(wished);
  if (found.empty())
    return caf::none;
  return invalid("", "PodLogOptions", logs.target().name(), found);
}

// -- requests -----------------------------------------------------------------

/// The pod, or what else it is about, by its place.
struct stream_target {
  std::string ns;
  std::string name;
};

stream_target target_of(const call::OpenStream& msg) {
  if (msg.has_port())
    return {msg.port().namespace_(), msg.port().name()};
  if (msg.has_proxied())
    return {msg.proxied().namespace_(), msg.proxied().name()};
  auto& pod = msg.has_logs()   ? msg.logs().target()
              : msg.has_exec() ? msg.exec().target()
                               : msg.attach().target();
  return {pod.namespace_(), pod.name()};
}

const char* subresource_of(const call::OpenStream& msg) {
  return msg.has_logs()      ? "log"
         : msg.has_exec()    ? "exec"
         : msg.has_port()    ? "portforward"
         : msg.has_proxied() ? "proxy"
                             : "attach";
}

rules::access access_of(const call::OpenStream& msg) {
  rules::access what;
  if (msg.has_connect()) {
    what.verb = "create";
    what.resource = kind_of<core::v1::Node>().plural;
    what.subresource = "tunnel";
    what.name = msg.connect().node();
    return what;
  }
  auto target = target_of(msg);
  what.resource = msg.has_proxied()
                      ? msg.proxied().resource()
                      : std::string{kind_of<core::v1::Pod>().plural};
  what.subresource = subresource_of(msg);
  what.ns = target.ns;
  what.name = target.name;
  return what;
}

/// All that whoever asks must be allowed.
std::vector<rules::access> rights_for(pointer self,
                                      const call::OpenStream& msg) {
  auto what = access_of(msg);
  if (msg.has_connect())
    return {what};
  std::vector<rules::access> result;
  auto remote = !self->state.secret.empty();
  for (auto& verb : rules::stream_verbs(what.subresource, msg.verb(), remote)) {
    result.push_back(what);
    result.back().verb = verb;
  }
  return result;
}

void with_rights(pointer self, std::vector<rules::access> wanted,
                 on_refusal next) {
  auto first = wanted.front();
  wanted.erase(wanted.begin());
  with_right(self, first, [self, wanted, next](const caf::error& err) {
    if (err || wanted.empty())
      next(err);
    else
      with_rights(self, wanted, next);
  });
}

caf::error check_target(const call::OpenStream& msg) {
  if (msg.has_connect()) {
    auto& to = msg.connect();
    return to.node().empty() || to.connect().port() == 0
                   || to.connect().port() > 65535
               ? make_error(ec::bad_request, "a node and a port are required")
               : caf::error{};
  }
  auto target = target_of(msg);
  auto& resource = msg.proxied().resource();
  auto of_node = resource == kind_of<core::v1::Node>().plural;
  if ((target.ns.empty() && !of_node) || target.name.empty())
    return make_error(ec::bad_request, "a namespace and a name are required");
  if (msg.has_proxied() && !of_node
      && resource != kind_of<core::v1::Pod>().plural
      && resource != kind_of<core::v1::Service>().plural)
    return make_error(ec::bad_request,
                      "there is a proxy to pods, services and nodes");
  return msg.port().port() > 65535
             ? make_error(ec::bad_request, "there is no such port")
             : caf::error{};
}

void look_at(const object& pod, const container_stream_actor& to,
             stream_promise promise) {
  if (pod.as<core::v1::Pod>().spec().node_name().empty())
    promise.deliver(no_host(pod));
  else
    promise.deliver(pb<container::StreamOpened>{},
                    caf::actor_cast<stream_source_actor>(to));
}

void find_pod(pointer self, const pb<call::OpenStream>& msg,
              const container_stream_actor& to, stream_promise promise) {
  auto target = target_of(*msg);
  read(
      self, kind_of<core::v1::Pod>(), get_of(target.ns, target.name),
      [self, promise, msg, to](const std::vector<object>& found) {
        if (msg->has_port())
          reach_port(self, msg, found.front(), to, promise);
        else if (msg->look())
          look_at(found.front(), to, promise);
        else
          open_on_node(self, found.front(), msg, to, promise, {});
      },
      [promise](const caf::error& err) mutable { promise.deliver(err); });
}

} // namespace

/// Connects to a pod by way of its node.
void connect_at_node(pointer self, const tunnel::ConnectAtNode& msg,
                     const container_stream_actor& to, stream_promise promise,
                     rewording reworded) {
  with_actor(
      self, "kubelet/" + msg.node() + "/tunnel",
      [self, msg, to, promise, reworded](const caf::actor& end) {
        open_at(self, end, msg.connect(), to, promise, reworded);
      },
      [promise, node = msg.node()](const caf::error&) mutable {
        promise.deliver(unreachable(node));
      });
}

caf::error no_host(const object& pod) {
  return make_error(ec::bad_request,
                    "pod " + pod.name() + " does not have a host assigned");
}

caf::result<pb<container::StreamOpened>, stream_source_actor>
on_open_stream(pointer self, const pb<call::OpenStream>& msg,
               const container_stream_actor& to) {
  if (auto err = check_request(self, msg->secret()))
    return err;
  if (auto err = check_target(*msg))
    return err;
  stream_promise promise{self};
  with_rights(self, rights_for(self, *msg),
              [self, promise, msg, to](const caf::error& refused) mutable {
                auto err = refused;
                if (!err && msg->has_logs())
                  err = check_logs(msg->logs());
                if (err)
                  promise.deliver(err);
                else if (msg->has_connect())
                  connect_at_node(self, msg->connect(), to, promise, {});
                else if (msg->has_proxied())
                  reach_proxied(self, msg, to, promise);
                else
                  find_pod(self, msg, to, promise);
              });
  return promise;
}

} // namespace troupe::serving
