#pragma once

#include "actors/client/command_client.hpp"
#include "actors/system/gate.hpp"
#include "cli/cluster_process.hpp"
#include "cli/cluster_shape.hpp"
#include "cli/directory_lock.hpp"
#include "cli/join_service.hpp"
#include "cli/server_keeper.hpp"
#include "cli/server_register.hpp"
#include "cli/server_settings.hpp"
#include "cli/serving.hpp"
#include "messages/store_interface.hpp"
#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/kubeconfig.hpp"
#include "runtime/http/https_edge.hpp"
#include "runtime/net/cluster_network.hpp"
#include "runtime/system/actor_config.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/secure_network.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <memory>
#include <string>
#include <vector>

namespace troupe::cli {

std::string number(int64_t value);
std::string node_name(size_t index); ///< of a node, from 1 on

/// The network that `up` was told to have, nothing for the best that is
/// possible.
std::optional<net::network_mode> wished_mode(const up_options& options);

/// What a cluster in this process is made of; what stands last ends first.
struct cluster_process::parts {
  directory_lock lock;
  crypto::cluster_keys keys;
  std::unique_ptr<net::cluster_network> network;
  std::shared_ptr<edges> outside;
  std::shared_ptr<http::https_edge> https;
  std::shared_ptr<net::loop> sockets; ///< the thread of all of them
  std::shared_ptr<cluster_config> config;
  std::unique_ptr<server_register> others; ///< the servers elsewhere
  std::unique_ptr<actor_config> actors;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<secure_network> secure;
  std::unique_ptr<caf::scoped_actor> self;
  std::unique_ptr<join_service> joins;
  gate_actor gate;
  planted_tree tree;
  std::vector<server_place> places; ///< of the servers, unless all stay here
  uint32_t servers_wished = 1;
  std::unique_ptr<settings_lock> settings; ///< while they are being settled
  std::unique_ptr<server_keeper> keeper;
  std::string host; ///< where the server of this process answers
  uint16_t port = 0;
  uint32_t nodes_before = 0;  ///< of the last start
  uint64_t store_group = 0;   ///< see cluster_config
  etcd::place etcd_place;     ///< that keeps the state; none: it is here
  bool store_missing = false; ///< there was a cluster, and its state is gone
  directory_actor directory;
  uint16_t api_port = 0;

  // What it is to be like (cluster_shaping.cpp).
  caf::error settle_shape(up_options& options);
  static bool is_store_missing(const up_options& options,
                               const cluster_shape& last);
  cluster_shape shape_of(const up_options& options) const;
  caf::error keep_shape(const up_options& options, const cluster_shape& last);
  caf::error prepare(up_options& options);
  caf::error open_network(const up_options& options);
  void add_node(const std::string& address, const net::cidr& pods);
  caf::error add_nodes(uint32_t count);
  caf::error add_simulated_nodes(uint32_t count);
  caf::error settle_etcd(up_options& options);
  caf::error open_etcd();
  caf::error open_keys(const up_options& options);
  caf::error open_api(uint16_t wanted);
  caf::error settle_hosts(const up_options& options);
  caf::error place_servers(up_options& options);
  caf::error start_servers(const up_options& options, const report& tell);
  std::string addresses() const;
  void tell_missing(const std::string& data_dir, const report& tell) const;
  caf::error publish(const up_options& options);
  void open_joins(const up_options& options);
  caf::error announce(command_client& client, const up_options& options,
                      const report& tell);
  caf::error open_system(const up_options& options, const report& tell);
  expected<crypto::kubeconfig_access>
  give_access(const std::string& path) const;
  void plant(const up_options& options);
  expected<store_actor> find_store(const std::string& path);
  caf::error check_store(const report& tell);
  caf::error check_store(const std::string& path);
  caf::error explained(caf::error why);
  caf::error settle_nodes(command_client& client, const up_options& options,
                          const report& tell);
};

} // namespace troupe::cli
