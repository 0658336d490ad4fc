#pragma once

#include "runtime/net/layout.hpp"
#include "runtime/net/links.hpp"

namespace troupe::net {

/// The network of a cluster whose pods have namespaces of their own: one bridge
/// in the namespace of the process, with the pods' gateway and the nodes'
/// addresses on it. The services' range is answered locally. Everything made
/// here carries an alias that names the range, and nothing without that alias
/// is ever touched: what a killed process left behind is found and used again.
/// Calls take about a millisecond and may come from any thread.
class bridge_network {
public:
  /// Makes the bridge, or takes over the one that is there. Fails with
  /// ec::conflict when an interface of its name is not ours.
  static expected<bridge_network> open(const layout& addresses);

  /// Puts the address of a node on the bridge.
  expected<void> add_node(ipv4 address) const;

  expected<void> remove_node(ipv4 address) const;

  /// Gives the network namespace behind `ns` a loopback and an interface eth0
  /// with `address`, joined to the bridge. Again is fine; a former interface
  /// of this pod is replaced.
  expected<void> attach(const std::string& pod, ipv4 address, int ns) const;

  /// Removes the pod's interface, if it is still there.
  expected<void> detach(const std::string& pod) const;

  /// Removes the interfaces of pods that `keep` does not name.
  expected<void> detach_others(const std::vector<std::string>& keep) const;

  /// Removes all that belongs to these addresses, whoever made it.
  static expected<void> remove(const layout& addresses);

  /// Removes the interfaces of these pods, and then the rest, unless there are
  /// other pods or nodes. Not being there is fine.
  static expected<void>
  remove_if_unused(const layout& addresses,
                   const std::vector<std::string>& gone_pods);

  /// Returns the ranges in use on this machine, without those of `own`.
  static expected<std::vector<cidr>> used_ranges(const layout* own);

  /// Returns why this process cannot make such a network, or nothing. Tries it
  /// in a namespace that nobody else sees.
  static std::string obstacle();

private:
  bridge_network(layout addresses, int bridge)
      : addresses_(addresses), bridge_(bridge) {
    // nop
  }

  expected<void> configure_inside(ipv4 address, int ns) const;

  layout addresses_;
  int bridge_;
};

} // namespace troupe::net
