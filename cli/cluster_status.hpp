#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"
#include "runtime/text/document.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::system {
class ActorList;
} // namespace troupe::system

namespace troupe::cli {

/// How one component is, from its actors.
struct component_status {
  std::string name;   ///< "store", "kubelet/node-1"
  std::string health; ///< Running, Degraded, Stopped, Failed, Elsewhere
  uint64_t actors = 0;
  uint64_t restarts = 0; ///< of all of them
  std::string message;   ///< what is wrong, or the last failure
};

/// What `troupe status` tells.
struct cluster_status {
  bool running = false;
  bool hidden = false;  ///< who asks may not read how it is reached
  std::string data_dir; ///< empty when the cluster is not on this machine
  std::string kubeconfig;
  std::string address;
  int64_t pid = 0;
  time_point since{}; ///< of this run, or of the last one
  std::string version;
  std::string kubernetes;
  std::optional<uint64_t> revision;
  std::optional<uint64_t> store_bytes;
  size_t nodes = 0;
  std::vector<std::string> not_ready; ///< nodes
  std::map<std::string, size_t> pods; ///< by phase; Terminating is one
  std::vector<std::string> servers;   ///< that must be there, where several are
  std::vector<component_status> components;
  std::string problem; ///< why it does not answer
};

/// Returns every component that a cluster with these nodes and servers has, as
/// its actors say; one without any actor is Stopped.
std::vector<component_status>
components_of(const system::ActorList& actors,
              const std::vector<std::string>& nodes,
              const std::vector<std::string>& servers = {});

/// Returns what does not go on while servers with processes of their own answer
/// and the process of `troupe up` does not run: they may schedule and control
/// in its stead.
std::string problem_without_up(const cluster_status& seen);

/// Adds what the actors and the objects tell.
void fill_status(cluster_status& into, const system::ActorList& actors,
                 std::span<const object> nodes, std::span<const object> pods);

/// Tells of components that are not run here who stands in for them: who holds
/// their election, as its Lease says. Those are Elsewhere.
void tell_stand_ins(cluster_status& into, std::span<const object> leases,
                    time_point now);

/// For people.
std::string status_text(const cluster_status& x, time_point now);

/// For programs.
text::document status_document(const cluster_status& x);

} // namespace troupe::cli
