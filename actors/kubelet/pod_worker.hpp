#pragma once

#include "actors/kubelet/node_facts.hpp"
#include "actors/kubelet/prober.hpp"
#include "actors/system/brood.hpp"
#include "actors/system/calls.hpp"
#include "messages/kubelet_interface.hpp"
#include "runtime/rules/pod_lifecycle.hpp"
#include "runtime/system/clocks.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::container {
class ContainerConfig;
} // namespace troupe::container

namespace troupe {

/// Makes one pod be on its node as its object says, from the first volume to
/// the last trace.
///
/// Hears: the pod's object; what becomes of its containers; verdicts of its
///        prober; answers of runtime and kubelet.
/// Says:  to the runtime what to run and stop; to the kubelet the pod's status,
///        events, and that nothing is left.
/// After a restart: takes over what the runtime has of the pod, with the same
///        ids and restart counts.
using pod_worker_actor = caf::typed_actor<
    // Begin, or begin anew: what the runtime has of the pod.
    caf::reacts_to<pb<kubelet_api::Attend>, container_runtime_actor>,
    // The pod's newest object.
    caf::reacts_to<object>,
    // End the pod.
    caf::reacts_to<pb<kubelet_api::Leave>>,
    // Variables or volumes may look different now.
    caf::reacts_to<pb<kubelet_api::ReferencesChanged>>,
    // An edge has done what was asked.
    caf::reacts_to<pb<kubelet_api::Finished>>,
    // Time for the machine, or for a status that was held back.
    caf::reacts_to<pb<system::Tick>>>
    // What happens to the pod's containers.
    ::extend_with<container_listener_actor>
    // What probes find.
    ::extend_with<probe_listener_actor>
    // Logs and commands.
    ::extend_with<pod_streams_actor>
    // Why is the pod as it is?
    ::extend_with<explain_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the worker remembers between two messages.
struct pod_worker_state {
  static inline const char* name = "pod_worker";

  std::unique_ptr<context> ctx;
  std::shared_ptr<const node_facts> node;
  pod_keeper_actor kubelet;
  container_runtime_actor runtime;
  object pod;
  wall_watch clock; ///< whether it was set
  rules::pod_state life;
  calls asks;
  brood children;
  bool attended = false;   ///< the runtime is there and we know what it has
  bool awaiting = false;   ///< a status is on its way to the API server
  bool orphaned = false;   ///< its object is gone
  bool left = false;       ///< the kubelet was told that nothing is left
  bool driving = false;    ///< the machine is being asked right now
  bool writing = false;    ///< the volumes are being written
  bool rewrite = false;    ///< and must be once more after that
  uint64_t alarm = 0;      ///< number of the timer that counts
  time_point alarm_at{};   ///< when it is due; epoch: there is none
  bool report_due = false; ///< a timer will report what is held back now
  prober_actor prober;     ///< only when there is something to probe
  std::vector<std::string> probed; ///< ids, by container
  /// Containers that wait for folders within volumes.
  std::map<size_t, std::shared_ptr<container::ContainerConfig>> prepared;
  std::string joining;           ///< sandbox that gets its address now
  std::deque<std::string> trace; ///< the last acts
};

/// Runs the worker of `pod`. It waits for Attend.
pod_worker_actor::behavior_type
pod_worker(pod_worker_actor::stateful_pointer<pod_worker_state> self,
           context ctx, std::shared_ptr<const node_facts> node,
           pod_keeper_actor kubelet, object pod);

} // namespace troupe
