#include "actors/apiserver/node_page.hpp"
#include "actors/apiserver/session_reach.hpp"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/call.pb.h"
#include "messages/container.pb.h"
#include "messages/kubelet.pb.h"
#include "messages/pod_stream.pb.h"
#include "messages/system.pb.h"
#include "runtime/http/answer_body.hpp"
#include "runtime/http/http_message.hpp"
#include "runtime/http/kubelet_pages.hpp"
#include "runtime/http/target.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <string_view>

// What kubelets answer over HTTP, which ours are no servers of.
namespace troupe::serving {

namespace {

using request = pb<call::OpenStream>;

constexpr const char* plain_text = "text/plain; charset=utf-8";

/// A question and where its answer goes.
struct question {
  std::string node;
  http::target what;
  container_stream_actor to;
  stream_promise promise;
};

std::string page(int status, std::string type, const std::string& body) {
  http::response_head head{status, {{"Content-Type", std::move(type)}}};
  return to_text(head, http::framing::length, body.size(), false) + body;
}

/// Answers with bytes, as the server of a connection would.
void answer_page(pointer self, question& q, std::string bytes) {
  auto fresh = self->system().spawn(node_page, std::move(bytes), q.to);
  keep_stream(self, caf::actor_cast<caf::actor>(fresh));
  container::StreamOpened opened;
  opened.set_stream(node_page_stream);
  q.promise.deliver(pb<container::StreamOpened>{std::move(opened)},
                    caf::actor_cast<stream_source_actor>(fresh));
}

using pods_page = std::function<std::string(const std::vector<object>&)>;

/// Answers with what is made of the pods of the node.
void answer_of_pods(pointer self, question q, const std::string& type,
                    pods_page make) {
  auto& pods = kind_of<core::v1::Pod>();
  call::Request msg;
  msg.set_verb(call::LIST);
  msg.set_field_selector("spec.nodeName=" + q.node);
  read(
      self, pods, std::move(msg),
      [self, q, type, make](const std::vector<object>& found) mutable {
        answer_page(self, q, page(200, type, make(found)));
      },
      [promise = q.promise](const caf::error& err) mutable {
        promise.deliver(err);
      });
}

// -- logs ---------------------------------------------------------------------

void open_log(pointer self, question& q, const object& pod,
              const http::container_log& wanted) {
  call::OpenStream msg;
  auto& logs = *msg.mutable_logs();
  auto& target = *logs.mutable_target();
  target.set_namespace_(wanted.ns);
  target.set_name(wanted.pod);
  target.set_container(wanted.container);
  target.set_previous(q.what.flag("previous"));
  auto options = http::log_options(q.what, self->state.ctx->now());
  if (!options)
    return answer_page(self, q,
                       page(400, plain_text, message_of(options.error())));
  *logs.mutable_options() = std::move(*options);
  // How long it will be nobody knows: it ends with the connection.
  http::response_head head{200, {{"Content-Type", "text/plain"}}};
  open_on_node(self, pod, pb<call::OpenStream>{std::move(msg)}, q.to, q.promise,
               to_text(head, http::framing::until_close, 0, false));
}

/// The log of a container of the node's.
void answer_log(pointer self, question q, const http::container_log& wanted) {
  auto missing = [self, q, name = wanted.pod](const caf::error& err) mutable {
    if (!is(err, ec::not_found))
      return q.promise.deliver(err);
    answer_page(self, q,
                page(404, plain_text, "pod \"" + name + "\" does not exist"));
  };
  read(
      self, kind_of<core::v1::Pod>(), get_of(wanted.ns, wanted.pod),
      [self, q, wanted, missing](const std::vector<object>& found) mutable {
        auto& pod = found.front();
        auto& spec = pod.as<core::v1::Pod>().spec();
        if (spec.node_name() != q.node)
          return missing(make_error(ec::not_found, {}));
        if (!http::has_container(pod.as<core::v1::Pod>(), wanted.container))
          return answer_page(self, q,
                             page(404, plain_text,
                                  "container \"" + wanted.container
                                      + "\" not found in pod \"" + wanted.pod
                                      + "\""));
        open_log(self, q, pod, wanted);
      },
      missing);
}

// -- pages --------------------------------------------------------------------

/// The path without a slash at its end.
std::string_view place_of(const question& q) {
  std::string_view path = q.what.path;
  while (path.size() > 1 && path.ends_with('/'))
    path.remove_suffix(1);
  return path;
}

/// The kubelet is there.
void answer(pointer self, question q) {
  auto path = place_of(q);
  if (auto log = http::find_container_log(q.what))
    return answer_log(self, q, *log);
  if (path == "/pods")
    return answer_of_pods(self, q, "application/json", [](auto& pods) {
      return http::encode_list(kind_of<core::v1::Pod>(), pods, {}, {});
    });
  if (path == "/runningpods")
    return answer_of_pods(self, q, "application/json", http::running_pods);
  if (path == "/metrics")
    return answer_of_pods(self, q, "text/plain; version=0.0.4; charset=utf-8",
                          [node = q.node](auto& pods) {
                            return http::kubelet_metrics(node, pods);
                          });
  answer_page(self, q, page(404, plain_text, "404 page not found\n"));
}

/// Whether a kubelet is well its answer shows.
void answer_health(pointer self, question q, const caf::actor& kubelet,
                   on_refusal failed) {
  self->state.requests.ask<pb<system::Description>>(
      kubelet,
      [self, q](const pb<system::Description>&) mutable {
        answer_page(self, q, page(200, plain_text, "ok"));
      },
      failed, pb<system::Describe>{system::Describe{}});
}

void ask_kubelet(pointer self, question q) {
  auto failed = [q](const caf::error&) mutable {
    q.promise.deliver(make_error(ec::service_unavailable,
                                 "error trying to reach service: node " + q.node
                                     + " cannot be reached"));
  };
  with_actor(
      self, "kubelet/" + q.node,
      [self, q, failed](const caf::actor& kubelet) {
        if (q.what.path == "/healthz" || q.what.path.starts_with("/healthz/"))
          answer_health(self, q, kubelet, failed);
        else
          answer(self, q);
      },
      failed);
}

} // namespace

void reach_node(pointer self, const request& msg, const std::string& node,
                const container_stream_actor& to, stream_promise promise) {
  auto& asked = msg->proxied().path();
  auto what = http::parse_target(asked.starts_with('/') ? asked : "/" + asked);
  if (!what)
    return promise.deliver(what.error());
  read(
      self, kind_of<core::v1::Node>(), get_of({}, node),
      [self, what = std::move(*what), to,
       promise](const std::vector<object>& found) {
        ask_kubelet(self, {found.front().name(), what, to, promise});
      },
      [promise](const caf::error& err) mutable { promise.deliver(err); });
}

} // namespace troupe::serving
