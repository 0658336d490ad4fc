#pragma once

#include "actors/client/api_session.hpp"
#include "actors/kubelet/node_facts.hpp"
#include "actors/kubelet/pod_worker.hpp"
#include "actors/kubelet/reference_book.hpp"
#include "actors/system/brood.hpp"
#include "actors/system/calls.hpp"
#include "actors/system/supervisor.hpp"
#include "messages/kubelet_interface.hpp"
#include "runtime/net/layout.hpp"
#include "runtime/rules/node_status.hpp"
#include "runtime/scheduling/rejection.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace troupe {

/// What a kubelet is told when it starts.
struct kubelet_options {
  rules::machine machine;
  std::string pods_folder;   ///< volumes and logs; empty where nothing is real
  std::string pod_range;     ///< "10.244.1.0/24": addresses of its pods
  bool own_networks = false; ///< pods have network namespaces of their own
  bool simulated = false;    ///< nothing is real
  std::string runtime_path;  ///< of the runtime's actor; empty: PATH/runtime
  std::chrono::seconds lease_period{10};
  std::chrono::seconds lease_duration{40};
  /// Conditions of the node to tell besides Kubernetes' own.
  std::vector<rules::node_remark> remarks;
};

/// Keeps a node registered and alive, and a worker for each pod bound to it.
///
/// Hears: the pods bound to its node, and the node itself; what happens in the
///        container runtime; reports of its workers.
/// Says:  the node's status and lease, the pods' status, events and the last
///        deletion of each pod, to its session; to its workers what concerns
///        them.
/// After a restart: starts a worker for each pod, which takes over what the
///        runtime has of it; what the runtime has of no pod is removed.
using kubelet_actor = caf::typed_actor<
    // The lease is due, or something is tried again.
    caf::reacts_to<pb<system::Tick>>>
    // Pods, the node, and what pods speak of.
    ::extend_with<watcher_actor>
    // What happens in the runtime.
    ::extend_with<container_listener_actor>
    // What workers ask and tell.
    ::extend_with<pod_keeper_actor>
    // Logs and commands.
    ::extend_with<pod_streams_actor>
    // Whose addresses are its pods'?
    ::extend_with<address_book_actor>
    // Why is this pod as it is?
    ::extend_with<explain_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the kubelet remembers between two messages.
struct kubelet_state {
  static inline const char* name = "kubelet";

  /// A pod of the node, and who takes care of it.
  struct entry {
    object pod;               ///< newest
    scheduling::demand takes; ///< of the node
    bool counts = false;      ///< as one that the node took, and that goes on
    pod_worker_actor worker;
    uint32_t restarts = 0; ///< of the worker
    uint32_t recent = 0;   ///< restarts since the last quiet second
    bool writing = false;  ///< its status is on the way to the API server
    bool orphaned = false; ///< the object is gone
    bool left = false;     ///< the worker says that nothing is left
    bool listed = false;   ///< told since the last beginning
  };

  /// Who asked for objects that are not all known yet.
  struct want {
    std::string uid;
    bool services = false;
    caf::typed_response_promise<pb<kubelet_api::References>,
                                std::vector<object>>
        promise;
  };

  std::unique_ptr<context> ctx;
  kubelet_options options;
  api_session api;
  calls asks; ///< to the runtime and the directory
  brood children;
  container_runtime_actor runtime;
  bool runtime_known = false; ///< `seen` is what it has
  rules::machine_health health;
  std::shared_ptr<const node_facts> facts;
  std::unordered_map<std::string, entry> pods; ///< by uid
  bool pods_complete = false;
  /// What the runtime had when we came, by pod, until a worker took it over.
  std::map<std::string, container::State> seen;
  std::optional<net::address_pool> addresses;
  reference_book book;
  std::vector<want> wants;
  /// Pods that wait for an address until all that have one are known.
  std::vector<std::pair<std::string,
                        caf::typed_response_promise<pb<kubelet_api::Address>>>>
      unaddressed;
  object node;
  bool node_ready = false; ///< the node object is ours
  bool node_busy = false;  ///< a write of it is under way
  bool lease_busy = false;
};

/// Runs the kubelet of one node.
kubelet_actor::behavior_type
kubelet(kubelet_actor::stateful_pointer<kubelet_state> self, context ctx,
        kubelet_options options);

/// Returns the spec of a kubelet as a child of a supervisor; its name there is
/// the node's.
child_spec kubelet_spec(kubelet_options options);

} // namespace troupe
