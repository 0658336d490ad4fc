#pragma once

#include "actors/client/api_session.hpp"
#include "actors/proxy/place_problems.hpp"
#include "actors/proxy/service_book.hpp"
#include "actors/system/supervisor.hpp"
#include "runtime/rules/proxy_plan.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe::proxy {
class PlaceReport;
} // namespace troupe::proxy

namespace troupe {

/// Makes services answer on this machine, at their own addresses and at the
/// node ports of its nodes, by whoever of their endpoints is ready.
///
/// Hears: services and endpoint slices from their views; which places could
///        not be opened, from the edge.
/// Says:  listeners and targets to the edge; events about what cannot be served
///        to its session.
/// After a restart: opens a new session, waits until its views have reached
///        the present, replaces what the edge serves. Until then the edge goes
///        on with what it had; open connections never notice.
using kube_proxy_actor = caf::typed_actor<
    // A place could not be opened, or answers after all.
    caf::reacts_to<pb<proxy::PlaceReport>>,
    // Time to try again what could not be opened.
    caf::reacts_to<pb<system::Tick>>>
    // Services or slices changed.
    ::extend_with<watcher_actor>
    // Where does this service answer, and who stands behind it?
    ::extend_with<explain_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the proxy remembers between two messages.
struct kube_proxy_state {
  static inline const char* name = "kube_proxy";

  std::unique_ptr<context> ctx;
  api_session api;
  std::shared_ptr<net::service_edge> edge;
  std::vector<rules::proxy_node> nodes; ///< those of this process
  service_book book;
  bool replaced = false; ///< the edge serves what we know
  rules::proxy_table table;
  std::map<std::string, std::vector<std::string>> notes; ///< last decisions
  /// What users were told of each service.
  std::map<std::string, std::vector<std::string>> told;
  place_problems problems;
};

/// Runs the proxy of a process with these nodes.
kube_proxy_actor::behavior_type
kube_proxy(kube_proxy_actor::stateful_pointer<kube_proxy_state> self,
           context ctx, std::vector<rules::proxy_node> nodes);

/// Returns the spec of the branch that holds the proxy, the near ends of
/// tunnels and the DNS of a process which runs all nodes of the configuration.
child_spec proxy_branch(const cluster_config& config);

} // namespace troupe
