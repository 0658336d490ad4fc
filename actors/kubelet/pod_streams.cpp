#include "actors/kubelet/pod_acts.hpp"
#include "messages/api/core_pod.pb.h"
#include "messages/container.pb.h"
#include "messages/kubelet.pb.h"
#include "runtime/rules/pod_remarks.hpp"
#include "runtime/rules/pod_subresources.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using pointer = pod_worker_pointer;
using opened = caf::result<pb<container::StreamOpened>, stream_source_actor>;

// The container that is asked for.
expected<size_t> find_target(pointer self,
                             const kubelet_api::PodTarget& target) {
  const auto& pod = self->state.pod.as<core::v1::Pod>();
  auto name = rules::choose_container(pod, target.container());
  if (!name)
    return name.error();
  if (auto i = rules::find_container(pod, *name))
    return *i;
  return make_error(ec::bad_request, "container " + *name
                                         + " is not valid for pod "
                                         + pod.metadata().name());
}

caf::error not_there(pointer self, size_t i, const char* why) {
  const auto& pod = self->state.pod.as<core::v1::Pod>();
  return make_error(ec::bad_request,
                    "container \"" + rules::container_at(pod, i).name()
                        + "\" in pod \"" + pod.metadata().name() + "\" " + why);
}

// The id of the attempt whose log is asked for.
expected<std::string> log_id(pointer self, size_t i, bool previous) {
  const auto& c = self->state.life.containers[i];
  if (previous) {
    const auto& pod = self->state.pod.as<core::v1::Pod>();
    if (c.last && !c.last->id.empty())
      return c.last->id;
    return make_error(ec::bad_request,
                      "previous terminated container \""
                          + rules::container_at(pod, i).name() + "\" in pod \""
                          + pod.metadata().name() + "\" not found");
  }
  if (!c.id.empty() && c.step >= rules::container_step::created)
    return c.id;
  // Between two attempts the last one is what there is.
  if (c.last && !c.last->id.empty())
    return c.last->id;
  auto reason = c.held ? c.held->reason
                       : rules::first_wait(self->state.pod.as<core::v1::Pod>(),
                                           self->state.life, i);
  return not_there(self, i, ("is waiting to start: " + reason).c_str());
}

/// A program that is not there is no container that is not there.
caf::error about_program(const caf::error& err) {
  auto text = message_of(err);
  return is(err, ec::not_found) && text.starts_with("exec")
             ? make_error(ec::invalid, std::move(text))
             : err;
}

template <class Msg>
opened open(pointer self, Msg msg, const container_stream_actor& to) {
  auto& st = self->state;
  if (!st.attended)
    return make_error(ec::service_unavailable,
                      "the container runtime is coming back");
  auto promise = self->make_response_promise<pb<container::StreamOpened>,
                                             stream_source_actor>();
  st.asks.ask<pb<container::StreamOpened>>(
      st.runtime,
      [self, promise](const pb<container::StreamOpened>& stream) mutable {
        promise.deliver(stream, stream_source_actor{self->state.runtime});
      },
      [promise](const caf::error& err) mutable {
        promise.deliver(about_program(err));
      },
      pb<Msg>{std::move(msg)}, to);
  return promise;
}

template <class Msg>
opened open_running(pointer self, const kubelet_api::PodTarget& target, Msg msg,
                    const container_stream_actor& to) {
  auto i = find_target(self, target);
  if (!i)
    return i.error();
  const auto& c = self->state.life.containers[*i];
  if (c.step != rules::container_step::running)
    // Kubernetes' words.
    return make_error(
        ec::conflict,
        "container not found (\""
            + rules::container_at(self->state.pod.as<core::v1::Pod>(), *i)
                  .name()
            + "\")");
  msg.set_container_id(c.id);
  return open(self, std::move(msg), to);
}

} // namespace

opened on_logs(pointer self, const kubelet_api::PodLogs& msg,
               const container_stream_actor& to) {
  auto i = find_target(self, msg.target());
  if (!i)
    return i.error();
  auto id = log_id(self, *i, msg.target().previous());
  if (!id)
    return id.error();
  auto options = msg.options();
  options.set_container_id(*id);
  return open(self, std::move(options), to);
}

opened on_exec(pointer self, const kubelet_api::PodExec& msg,
               const container_stream_actor& to) {
  return open_running(self, msg.target(), msg.options(), to);
}

opened on_attach(pointer self, const kubelet_api::PodAttach& msg,
                 const container_stream_actor& to) {
  auto i = find_target(self, msg.target());
  if (!i)
    return i.error();
  auto options = msg.options();
  // Kubernetes: one without standard input is attached to all the same.
  const auto& pod = self->state.pod.as<core::v1::Pod>();
  if (!rules::container_at(pod, *i).stdin())
    options.set_stdin(false);
  return open_running(self, msg.target(), std::move(options), to);
}

} // namespace troupe
