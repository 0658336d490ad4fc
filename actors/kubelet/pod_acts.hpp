#pragma once

#include "actors/kubelet/pod_worker.hpp"

#include <functional>

namespace troupe {

using pod_worker_pointer = pod_worker_actor::stateful_pointer<pod_worker_state>;

/// Does what the machine says; the outcome comes as a message, or is told to
/// the machine at once.
void perform(pod_worker_pointer self, const rules::pod_action& action);

/// Writes the pod's volumes as they should be now.
void write_volumes(pod_worker_pointer self);

/// Asks the runtime for a container that was put together before.
void create_prepared(pod_worker_pointer self, size_t i,
                     const std::string& problem);

/// The sandbox has its address; `problem` is empty when it went well.
void on_joined(pod_worker_pointer self, const std::string& problem);

/// A hook has run; `problem` is empty when it went well.
void hook_done(pod_worker_pointer self, size_t i, bool post_start,
               std::string problem);

/// The wall clock; what waits for a time is moved along if it was set.
time_point now_of(pod_worker_pointer self);

/// Lets the machine go on; defined by the worker.
void drive(pod_worker_pointer self);

/// Has the kubelet tell users about the pod.
void remark(pod_worker_pointer self, const std::string& type,
            const std::string& reason, const std::string& message);

/// Returns what an edge may call from any thread: it becomes a Finished.
std::function<void(std::string)> finish(pod_worker_pointer self,
                                        std::string what, uint64_t number = 0);

/// Where the pod's volumes and logs lie.
std::string pod_folder(pod_worker_pointer self);

/// Opens logs, commands and attached streams.
caf::result<pb<container::StreamOpened>, stream_source_actor>
on_logs(pod_worker_pointer self, const kubelet_api::PodLogs& msg,
        const container_stream_actor& to);
caf::result<pb<container::StreamOpened>, stream_source_actor>
on_exec(pod_worker_pointer self, const kubelet_api::PodExec& msg,
        const container_stream_actor& to);
caf::result<pb<container::StreamOpened>, stream_source_actor>
on_attach(pod_worker_pointer self, const kubelet_api::PodAttach& msg,
          const container_stream_actor& to);

} // namespace troupe
