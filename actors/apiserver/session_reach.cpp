#include "actors/apiserver/session_reach.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/call.pb.h"
#include "messages/container.pb.h"
#include "messages/pod_stream.pb.h"
#include "messages/tunnel.pb.h"
#include "runtime/net/address.hpp"
#include "runtime/rules/proxied_names.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <cctype>
#include <string_view>

// The ways to what pods listen at: forwarded ports, and proxies.
namespace troupe::serving {

namespace {

/// Connects to a port of a pod. Kubernetes: a forwarded port leads to what
/// listens inside the pod, a proxy to what listens at its address.
void reach_pod(pointer self, const object& pod, uint32_t port,
               const container_stream_actor& to, stream_promise promise,
               rewording reworded) {
  auto& what = pod.as<core::v1::Pod>();
  auto address = net::parse_ipv4(what.status().pod_ip());
  if (what.spec().node_name().empty())
    return promise.deliver(no_host(pod));
  if (!address)
    return promise.deliver(make_error(
        ec::service_unavailable, "pod " + pod.name() + " has no address yet"));
  tunnel::ConnectAtNode msg;
  msg.set_node(what.spec().node_name());
  auto& connect = *msg.mutable_connect();
  connect.set_address(address->value);
  connect.set_port(port);
  connect.set_pod(pod.key());
  connect.set_loopback(!reworded);
  connect_at_node(self, msg, to, promise, reworded);
}

// -- proxies ------------------------------------------------------------------

/// Kubernetes' words for a server that nothing comes from.
caf::error not_reached(const std::string& address, uint32_t port,
                       const caf::error& why) {
  constexpr std::string_view ours = "the pod does not answer: ";
  auto text = message_of(why);
  if (text.starts_with(ours) && text.size() > ours.size()) {
    text.erase(0, ours.size());
    text[0] =
        static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    text.insert(0, "connect: ");
  }
  return make_error(ec::service_unavailable,
                    "error trying to reach service: dial tcp " + address + ":"
                        + std::to_string(port) + ": " + text);
}

void reach_for_proxy(pointer self, const object& pod, uint32_t port,
                     const container_stream_actor& to, stream_promise promise) {
  auto& address = pod.as<core::v1::Pod>().status().pod_ip();
  reach_pod(self, pod, port, to, promise,
            [address, port](const caf::error& why) {
              return not_reached(address, port, why);
            });
}

using request = pb<call::OpenStream>;

void reach_proxied_pod(pointer self, const request& msg,
                       const rules::proxied_name& to_what,
                       const container_stream_actor& to,
                       stream_promise promise) {
  read(
      self, kind_of<core::v1::Pod>(),
      get_of(msg->proxied().namespace_(), to_what.name),
      [self, to_what, to, promise](const std::vector<object>& found) mutable {
        auto& pod = found.front();
        auto port = rules::proxied_port(pod.as<core::v1::Pod>(), to_what);
        if (!port)
          promise.deliver(port.error());
        else
          reach_for_proxy(self, pod, *port, to, promise);
      },
      [promise](const caf::error& err) mutable { promise.deliver(err); });
}

/// Tries the addresses of a service one after the other until there is a pod
/// behind one.
void reach_endpoint(pointer self, const request& msg,
                    std::vector<rules::proxied_target> targets,
                    const container_stream_actor& to, stream_promise promise) {
  if (targets.empty())
    return promise.deliver(make_error(ec::service_unavailable,
                                      "no endpoints available for service \""
                                          + msg->proxied().name() + "\""));
  auto next = targets.back();
  targets.pop_back();
  auto others = [self, msg, targets, to, promise] {
    reach_endpoint(self, msg, targets, to, promise);
  };
  read(
      self, kind_of<core::v1::Pod>(),
      get_of(msg->proxied().namespace_(), next.pod),
      [self, next, others, to, promise](const std::vector<object>& found) {
        auto& pod = found.front();
        if (pod.as<core::v1::Pod>().status().pod_ip() != next.ip)
          others();
        else
          reach_for_proxy(self, pod, next.port, to, promise);
      },
      [others](const caf::error&) { others(); });
}

caf::error no_service(const std::string& name) {
  meta::v1::StatusDetails details;
  details.set_name(name);
  details.set_kind("services");
  return make_error(ec::not_found, "services \"" + name + "\" not found",
                    details);
}

void reach_service_port(pointer self, const request& msg,
                        const rules::proxied_name& to_what,
                        const std::string& port,
                        const container_stream_actor& to,
                        stream_promise promise) {
  read(
      self, kind_of<core::v1::Endpoints>(),
      get_of(msg->proxied().namespace_(), to_what.name),
      [self, msg, port, to, promise](const std::vector<object>& found) {
        auto targets = rules::proxied_targets(
            found.front().as<core::v1::Endpoints>(), port);
        // Any of them is as good as the others.
        if (!targets.empty())
          std::rotate(targets.begin(),
                      targets.begin()
                          + static_cast<long>(self->state.ctx->random()
                                              % targets.size()),
                      targets.end());
        reach_endpoint(self, msg, std::move(targets), to, promise);
      },
      [name = to_what.name, promise](const caf::error& err) mutable {
        // Whoever asks knows of the service only.
        promise.deliver(is(err, ec::not_found) ? no_service(name) : err);
      });
}

void reach_proxied_service(pointer self, const request& msg,
                           const rules::proxied_name& to_what,
                           const container_stream_actor& to,
                           stream_promise promise) {
  if (!rules::is_port_number(to_what.port))
    return reach_service_port(self, msg, to_what, to_what.port, to, promise);
  read(
      self, kind_of<core::v1::Service>(),
      get_of(msg->proxied().namespace_(), to_what.name),
      [self, msg, to_what, to,
       promise](const std::vector<object>& found) mutable {
        auto port = rules::named_port(found.front().as<core::v1::Service>(),
                                      to_what.port);
        if (!port)
          promise.deliver(port.error());
        else
          reach_service_port(self, msg, to_what, *port, to, promise);
      },
      [promise](const caf::error& err) mutable { promise.deliver(err); });
}

} // namespace

call::Request get_of(const std::string& ns, const std::string& name) {
  call::Request out;
  out.set_verb(call::GET);
  out.set_namespace_(ns);
  out.set_name(name);
  return out;
}

void reach_port(pointer self, const pb<call::OpenStream>& msg,
                const object& pod, const container_stream_actor& to,
                stream_promise promise) {
  if (pod.as<core::v1::Pod>().spec().node_name().empty())
    return promise.deliver(no_host(pod));
  if (auto port = msg->port().port(); port != 0)
    return reach_pod(self, pod, port, to, promise, {});
  promise.deliver(pb<container::StreamOpened>{},
                  caf::actor_cast<stream_source_actor>(to));
}

void reach_proxied(pointer self, const request& msg,
                   const container_stream_actor& to, stream_promise promise) {
  auto& resource = msg->proxied().resource();
  auto what = rules::parse_proxied_name(resource, msg->proxied().name());
  if (!what)
    promise.deliver(what.error());
  else if (resource == kind_of<core::v1::Pod>().plural)
    reach_proxied_pod(self, msg, *what, to, promise);
  else if (resource == kind_of<core::v1::Service>().plural)
    reach_proxied_service(self, msg, *what, to, promise);
  else
    reach_node(self, msg, what->name, to, promise);
}

} // namespace troupe::serving
