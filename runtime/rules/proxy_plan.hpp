#pragma once

#include "messages/object.hpp"
#include "runtime/net/service_edge.hpp"
#include "runtime/rules/event_note.hpp"

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace troupe::rules {

/// A node whose connections this proxy answers.
struct proxy_node {
  std::string name; ///< empty: the machine of all of them
  net::ipv4 address;
};

/// Where one service is to be reached on this machine.
struct service_plan {
  std::vector<net::listener> listeners; ///< sorted by their keys
  /// Why it is reached there, or what of it cannot be served.
  std::vector<std::string> notes;
  /// What its users should hear of, once there is somebody to serve them.
  std::vector<event_note> events;
};

/// Decides for one service: cluster addresses, external and load balancer
/// addresses, and its node ports at each of `nodes`. `slices` are the
/// EndpointSlices that name it. Ready endpoints serve; where there are none,
/// those that still serve while they end. Headless services and those that are
/// only a name elsewhere have no listeners. Where ports below `lowest_port` may
/// not be opened, they are moved (service_ports.hpp).
service_plan plan_service_proxy(const object& service,
                                std::span<const object> slices,
                                std::span<const proxy_node> nodes,
                                int lowest_port = 0);

/// All places of all services, each of which one service has: the first that
/// asked, and when that goes, the next. Tells only differences.
class proxy_table {
public:
  struct difference {
    std::vector<net::listener> changed;
    std::vector<net::listener_key> removed;

    bool empty() const { return changed.empty() && removed.empty(); }
  };

  /// From now on `service` wants exactly `listeners`.
  difference set(const std::string& service,
                 std::vector<net::listener> listeners);

  /// Returns what is to be served at present.
  std::vector<net::listener> all() const;

  /// Returns the key of the service that has this place, "" for none.
  std::string owner(const net::listener_key& key) const;

  /// Returns the places that `service` wants and another has.
  std::vector<net::listener_key> denied(const std::string& service) const;

  size_t size() const { return places_.size(); }

private:
  struct claim {
    std::string service;
    net::listener wish;
  };

  std::map<net::listener_key, std::vector<claim>> places_; ///< first one serves
  std::map<std::string, std::set<net::listener_key>> wishes_;
};

} // namespace troupe::rules
