#pragma once

#include "runtime/net/bridge_network.hpp"
#include "runtime/net/range_lease.hpp"

#include <memory>

namespace troupe::net {

/// The network of one cluster on this machine, in the best mode that the
/// machine allows: addresses of its own for as long as the object lives, and in
/// bridge mode a bridge that stays when it ends, since pods go on without us.
class cluster_network {
public:
  /// Opens the network that `data_dir` has on record; else a new one, in
  /// `wanted` mode, or the best that is possible when that is empty. A recorded
  /// network whose mode is no longer possible, or not the wanted one, is
  /// replaced by a new one.
  static expected<cluster_network>
  open(const std::filesystem::path& data_dir,
       std::optional<network_mode> wanted,
       const std::filesystem::path& registry = machine_registry());

  const layout& addresses() const { return lease_.addresses(); }

  /// Why the mode is what it is, for the conditions of nodes.
  const std::string& reason() const { return reason_; }

  /// Returns the addresses of the first `count` nodes, ready to be used.
  expected<std::vector<std::string>> prepare_nodes(size_t count);

  /// Null in loopback mode.
  bridge_network* bridge() { return bridge_.get(); }

  /// Removes the interfaces of a cluster that ended with all its pods; its
  /// addresses stay its own. Nothing on record is fine.
  static expected<void> clear(const std::filesystem::path& data_dir);

  /// Removes what a cluster that is no longer wanted left on this machine, and
  /// frees its addresses. Nothing on record is fine.
  static expected<void> remove(const std::filesystem::path& data_dir);

private:
  cluster_network(range_lease lease, std::string reason)
      : lease_(std::move(lease)), reason_(std::move(reason)) {
    // nop
  }

  range_lease lease_;
  std::string reason_;
  std::unique_ptr<bridge_network> bridge_;
};

} // namespace troupe::net
