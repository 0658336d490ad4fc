#pragma once

#include "actors/system/calls.hpp"
#include "messages/kubelet_interface.hpp"
#include "runtime/rules/pod_probe.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <memory>
#include <string>

namespace troupe {

/// Probes the containers of one pod and tells when a threshold is crossed.
///
/// Hears: which containers run; answers of the runtime (exec) and of the
///        network (http, tcp); its timer.
/// Says:  verdicts to the pod's worker.
/// After a restart: the worker tells it anew what to probe; it counts from
///        zero.
using prober_actor = caf::typed_actor<
    // Begin to probe a container. The pod's object says how.
    caf::reacts_to<pb<kubelet_api::ProbeContainer>, object>,
    // No more of this container.
    caf::reacts_to<pb<kubelet_api::StopProbing>>,
    // The network answered.
    caf::reacts_to<pb<kubelet_api::Finished>>,
    // A probe is due.
    caf::reacts_to<pb<system::Tick>>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the prober remembers between two messages.
struct prober_state {
  static inline const char* name = "prober";

  /// One probe of one container.
  struct probing {
    std::string id; ///< of the container
    std::string ip; ///< of its pod
    object pod;
    rules::probe_count count;
    uint64_t number = 0; ///< of the probe under way
    bool gated = false;  ///< waits for the startup probe
  };
  using key = std::pair<uint32_t, rules::probe_kind>;

  std::unique_ptr<context> ctx;
  container_runtime_actor runtime;
  probe_listener_actor worker;
  calls asks;
  std::map<key, probing> probes;
  uint64_t last = 0;       ///< number of the latest probe
  uint64_t alarm = 0;      ///< number of the timer that counts
  steady_point alarm_at{}; ///< when it is due; epoch: there is none
};

/// Runs a prober that tells `worker` what it finds.
prober_actor::behavior_type
prober(prober_actor::stateful_pointer<prober_state> self, context ctx,
       container_runtime_actor runtime, probe_listener_actor worker);

} // namespace troupe
