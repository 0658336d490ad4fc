#pragma once

#include "actors/store/store.hpp"
#include "actors/store/store_line.hpp"
#include "actors/system/renewal.hpp"
#include "actors/system/supervisor.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace troupe::http {
class http_edge;
} // namespace troupe::http

namespace troupe {

/// What decides for the cluster from beside its servers. What is left out may
/// be done by others that know the elections of Kubernetes.
struct deciding_parts {
  bool scheduler = true;
  bool controllers = true;
};

/// Starts a whole cluster: the root of its tree and everything below. The one
/// function for the machine and for a simulation; they differ in `w` and `e`.
///
/// `found` is told the tree's directory, each time that there is a new one, by
/// the thread that starts it. Clients come over `http` too, where there is one.
supervisor_actor
spawn_cluster(caf::actor_system& system, std::shared_ptr<const world> w,
              std::shared_ptr<const edges> e,
              std::shared_ptr<const cluster_config> config,
              std::function<void(const directory_actor&)> found,
              std::shared_ptr<http::http_edge> http = nullptr,
              const deciding_parts& parts = {});

/// Starts a server alone: a store and an API server, the way to them over
/// `http`, and what of a scheduler and controllers is asked for; they stand by.
/// The others of its cluster are in other processes.
supervisor_actor spawn_server(caf::actor_system& system,
                              std::shared_ptr<const world> w,
                              std::shared_ptr<const edges> e,
                              std::shared_ptr<const cluster_config> config,
                              std::function<void(const directory_actor&)> found,
                              std::shared_ptr<http::http_edge> http,
                              const deciding_parts& parts = {});

/// What a process holds of a server whose parts have processes of their own.
struct server_parts {
  std::optional<store_member> store; ///< that of its configuration, as this one
  bool apiserver = false;
  std::shared_ptr<http::http_edge> http; ///< who comes over that; null: nobody
  /// Where the store is, for an API server that has none beside it.
  std::vector<store_place> stores;
};

/// Starts these parts of a server alone. Who has no API server among them finds
/// one as other components do: its configuration names only servers elsewhere.
supervisor_actor
spawn_server_parts(caf::actor_system& system, std::shared_ptr<const world> w,
                   std::shared_ptr<const edges> e,
                   std::shared_ptr<const cluster_config> config,
                   std::function<void(const directory_actor&)> found,
                   const server_parts& parts);

/// What a process beside the servers runs.
struct process_roles {
  bool nodes = false; ///< the kubelets of its configuration
  bool proxy = false;
  bool scheduler = false;
  bool controllers = false;
  std::vector<renewed_credential> renewed; ///< what others know it by
};

/// Starts components alone, whose servers are in other processes.
supervisor_actor
spawn_components(caf::actor_system& system, std::shared_ptr<const world> w,
                 std::shared_ptr<const edges> e,
                 std::shared_ptr<const cluster_config> config,
                 std::function<void(const directory_actor&)> found,
                 const process_roles& roles);

} // namespace troupe
