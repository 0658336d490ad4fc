#pragma once

#include "messages/store_interface.hpp"
#include "runtime/crypto/key_files.hpp"
#include "runtime/system/actor_config.hpp"
#include "runtime/system/secure_network.hpp"
#include "tests/support/real_cluster.hpp"

#include <caf/actor_system.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::test {

/// The servers of the clusters here.
inline const std::vector<std::string> server_names{"server-1", "server-2",
                                                   "server-3"};

/// Returns the one that leads the group, unless that is not to be found out.
std::optional<std::string> leader_of(real_cluster& cluster);

/// The stores of a cluster's servers, found and asked from this process as the
/// servers find each other: over mutual TLS, with a server's key.
class server_members {
public:
  /// Of the cluster of a data directory, which has settings of servers.
  explicit server_members(std::filesystem::path data_dir);

  caf::actor_system& system() { return *system_; }

  /// Returns the store of a server; nobody when it cannot be reached now.
  /// Blocks for a moment.
  store_actor find(const std::string& server);

private:
  std::filesystem::path data_dir_;
  crypto::cluster_keys keys_;
  std::unique_ptr<actor_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<secure_network> network_;
};

} // namespace troupe::test
