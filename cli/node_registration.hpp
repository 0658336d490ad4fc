#pragma once

#include "actors/client/command_client.hpp"
#include "messages/join.pb.h"
#include "runtime/crypto/certificate.hpp"

#include <memory>
#include <string>

namespace troupe::cli {

/// What a node does at the API before its kubelet runs: it shows itself, and
/// waits for what the cluster gives it.
class node_registration {
public:
  /// Opens a session with one of the cluster's servers.
  static expected<node_registration> open(const join::ClusterFacts& cluster,
                                          const crypto::credential& own,
                                          const std::string& authority);

  /// Makes the Node unless it is there; returns the range that the cluster has
  /// for its pods. Fails with Timeout when nobody gives it one.
  expected<std::string> range_of(const std::string& name, bool simulated);

  /// Returns once the node is Ready.
  caf::error wait_until_ready(const std::string& name);

private:
  std::unique_ptr<command_client> client_;
};

} // namespace troupe::cli
