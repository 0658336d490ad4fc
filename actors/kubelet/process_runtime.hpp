#pragma once

#include "actors/kubelet/container_listeners.hpp"
#include "messages/container_interface.hpp"
#include "runtime/process/pod_runtime.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <memory>

namespace troupe {

/// Work that came back from the edge's thread; never leaves the process.
struct runtime_task {
  std::function<void()> run;
};

/// Runs pods as real processes or, where the options tell of images to make
/// containers of, by an OCI runtime; each pod is held by a shim that outlives
/// Troupe.
///
/// Hears: a kubelet and its pod workers; answers of the edge.
/// Says:  events to whoever subscribed, output to whoever opened a stream.
/// After a restart: the edge finds every pod of before again, with the same
///        processes, and the true exit code of what ended meanwhile. Streams
///        are over, subscribers subscribe anew.
using process_runtime_actor = container_runtime_actor::extend<
    // An answer of the edge.
    caf::reacts_to<runtime_task>>;

/// What the actor remembers between two messages.
struct process_runtime_state {
  static inline const char* name = "process_runtime";

  std::unique_ptr<context> ctx;
  container_listeners listeners;
  std::map<uint64_t, container_stream_actor> streams; ///< who hears them
  /// Last, so that its thread ends first.
  std::unique_ptr<process::pod_runtime> edge;
};

/// Runs the runtime of one node over the folders of `options`.
process_runtime_actor::behavior_type process_runtime(
    process_runtime_actor::stateful_pointer<process_runtime_state> self,
    context ctx, process::runtime_options options);

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::runtime_task)
