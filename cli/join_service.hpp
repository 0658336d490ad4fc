#pragma once

#include "actors/system/join_gate.hpp"
#include "cli/running_clusters.hpp"
#include "messages/join.pb.h"
#include "runtime/crypto/key_files.hpp"
#include "runtime/http/https_edge.hpp"
#include "runtime/net/discovery.hpp"
#include "runtime/system/signing_authority.hpp"

#include <caf/actor_system.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace troupe {

class command_client;
class secure_network;
struct cluster_config;

namespace net {
class loop;
} // namespace net

} // namespace troupe

namespace troupe::cli {

/// What a process that takes others in is made of, and what they are told.
struct join_service_parts {
  std::filesystem::path data_dir; ///< of the cluster, held by this process
  crypto::credential authority;
  join::ClusterFacts facts;
  std::shared_ptr<http::https_edge> https;
  std::shared_ptr<net::loop> thread; ///< for discovery
};

/// What every joining process is told of the cluster that `config` describes,
/// whose server in this process answers at `host`. The addresses of further
/// servers are read from the data directory when they are asked for.
join::ClusterFacts facts_of(const cluster_config& config,
                            const std::string& authority,
                            const std::string& host, uint16_t port,
                            uint16_t api_port, const std::string& api_service);

/// Where under the data directory the tokens are that `up` was told of.
constexpr auto known_tokens_file = "pki/tokens.csv";

/// Reads what a server knows of tokens: the keys that sign those of accounts,
/// and those of a file. What cannot be read is not there, and logged.
void read_tokens(const std::filesystem::path& data_dir, signing_authority& to);

/// Takes processes into a cluster: what `up` and `server` do alike for that.
/// What stands behind it is `apiserver/joining`.
class join_service {
public:
  /// From now on who asks `network` to join is served, and it is told of all
  /// revoked serials, as the REST API is. Both it and `system` outlive this.
  join_service(caf::actor_system& system, secure_network& network,
               join_service_parts parts, const cluster_config& config);
  ~join_service();

  join_service(const join_service&) = delete;
  join_service& operator=(const join_service&) = delete;

  /// What the tree is given: `edges::authority`.
  std::shared_ptr<const signing_authority> authority() const {
    return authority_;
  }

  /// Whoever is told of the tree's directory tells this too.
  const join_gate_actor& gate() const { return gate_; }

  /// From now on others find the cluster by discovery, unless `port` is 0.
  /// Returns what could not be had, which is no reason not to serve.
  caf::error announce(uint16_t port);

  /// From now on others of this machine find it without. Precondition: this
  /// process holds the data directory.
  caf::error announce_here();

private:
  caf::actor_system& system_;
  join_service_parts parts_;
  std::shared_ptr<const signing_authority> authority_;
  join_gate_actor gate_;
  cluster_announcement here_;
  std::unique_ptr<net::discovery_responder> responder_;
};

/// Gives the machine's own user a token that lets in anything any number of
/// times, in `DATA_DIR/token`: another at each start, good until the next.
caf::error give_own_token(command_client& client,
                          const std::filesystem::path& data_dir,
                          const std::string& authority);

} // namespace troupe::cli
