#pragma once

#include "actors/kubelet/pod_acts.hpp"
#include "messages/container.pb.h"
#include "runtime/rules/pod_references.hpp"

#include <functional>
#include <string>

/// The acts of a pod worker that are about one container of its pod, the one
/// with number `i`; and what they share with those about the whole pod.
namespace troupe {

void pull_image(pod_worker_pointer self, size_t i);
void create_container(pod_worker_pointer self, size_t i);
void start_container(pod_worker_pointer self, size_t i);
void stop_container(pod_worker_pointer self, size_t i, rules::seconds grace);
void remove_container(pod_worker_pointer self, const std::string& id);
void run_hook(pod_worker_pointer self, size_t i, bool post_start,
              rules::seconds grace);

const core::v1::Pod& pod_of(pod_worker_pointer self);

/// The pod with the addresses that its status will tell.
core::v1::Pod with_addresses(pod_worker_pointer self);

/// Gets what the pod speaks of; at once where it speaks of nothing.
void with_references(pod_worker_pointer self, bool services,
                     std::function<void(const rules::pod_references&)> use);

/// Asks again in a second: for what must succeed in the end.
void retry_soon(pod_worker_pointer self, const char* what);

/// Asks the runtime. An answer that comes after the runtime went away is not
/// for us any more: what it has now is told by the next Attend.
template <class Out, class Msg>
void ask_runtime(pod_worker_pointer self, Msg msg,
                 std::function<void(const Out&)> ok,
                 std::function<void(const caf::error&)> failed) {
  auto& st = self->state;
  st.asks.ask<pb<Out>>(
      st.runtime,
      [self, ok = std::move(ok)](const pb<Out>& result) {
        if (!self->state.attended)
          return;
        ok(*result);
        drive(self);
      },
      [self, failed = std::move(failed)](const caf::error& err) {
        if (!self->state.attended)
          return;
        failed(err);
        drive(self);
      },
      pb<Msg>{std::move(msg)});
}

} // namespace troupe
