#pragma once

#include "actors/apiserver/session_parts.hpp"

#include <functional>

namespace troupe::tunnel {
class ConnectAtNode;
} // namespace troupe::tunnel

/// How a session's streams get to what pods listen at.
namespace troupe::serving {

using stream_promise =
    answer_to<pb<container::StreamOpened>, stream_source_actor>;

/// Says another way why a stream cannot be opened.
using rewording = std::function<caf::error(const caf::error&)>;

/// Keeps an actor that serves one stream of the session: it ends with the
/// session, and `topology` shows it.
void keep_stream(pointer self, const caf::actor& fresh);

/// Asks for one object by its place.
call::Request get_of(const std::string& ns, const std::string& name);

/// Why nothing can be reached of a pod that has no node yet.
caf::error no_host(const object& pod);

/// Passes a stream's request on to the kubelet that has the pod. The client
/// hears `first` before anything else, unless it is empty.
void open_on_node(pointer self, const object& pod,
                  const pb<call::OpenStream>& msg,
                  const container_stream_actor& to, stream_promise promise,
                  const std::string& first);

/// Answers what a kubelet is asked over HTTP: by the proxy to a node.
void reach_node(pointer self, const pb<call::OpenStream>& msg,
                const std::string& node, const container_stream_actor& to,
                stream_promise promise);

/// Connects to a pod by way of its node.
void connect_at_node(pointer self, const tunnel::ConnectAtNode& msg,
                     const container_stream_actor& to, stream_promise promise,
                     rewording reworded);

/// Connects to a port of a pod, as OpenStream.port says.
void reach_port(pointer self, const pb<call::OpenStream>& msg,
                const object& pod, const container_stream_actor& to,
                stream_promise promise);

/// Connects to whom a proxy passes a request on, as OpenStream.proxied says.
void reach_proxied(pointer self, const pb<call::OpenStream>& msg,
                   const container_stream_actor& to, stream_promise promise);

} // namespace troupe::serving
