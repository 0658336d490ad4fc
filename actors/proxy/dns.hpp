#pragma once

#include "actors/client/api_session.hpp"
#include "actors/proxy/place_problems.hpp"
#include "actors/proxy/service_book.hpp"
#include "actors/system/supervisor.hpp"
#include "runtime/net/dns_edge.hpp"

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

/// Makes the names of the cluster be answered on this machine, at the addresses
/// of the Service kube-system/kube-dns, unless that has pods of its own.
///
/// Hears: services, endpoint slices and namespaces from their views; which
///        places could not be opened, from the edge.
/// Says:  names and places to the edge; events about what cannot be served to
///        its session.
/// After a restart: opens a new session, waits until its views have reached
///        the present, replaces what the edge knows. Until then the edge goes
///        on with what it had; questions under way never notice.
using dns_actor = caf::typed_actor<
    // A place could not be opened, or answers after all.
    caf::reacts_to<pb<proxy::PlaceReport>>,
    // Time to try again what could not be opened.
    caf::reacts_to<pb<system::Tick>>>
    // Services, slices or namespaces changed.
    ::extend_with<watcher_actor>
    // Which names does this service have?
    ::extend_with<explain_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the actor remembers between two messages.
struct dns_state {
  static inline const char* name = "dns";

  std::unique_ptr<context> ctx;
  api_session api;
  std::shared_ptr<net::dns_edge> edge;
  service_book book;
  std::set<std::string> spaces;
  bool spaces_complete = false;
  bool replaced = false;       ///< the edge knows what we know
  std::set<std::string> told;  ///< services that the edge knows
  net::dns_change spaces_todo; ///< what it does not know of namespaces
  std::vector<net::listener_key> places;
  bool moved_told = false; ///< that pods cannot use it
  place_problems problems;
};

/// Runs the DNS of a process.
dns_actor::behavior_type
cluster_dns(dns_actor::stateful_pointer<dns_state> self, context ctx);

child_spec dns_spec();

} // namespace troupe
