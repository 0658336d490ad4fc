#pragma once

#include "cli/running_clusters.hpp"
#include "messages/join.pb.h"
#include "runtime/crypto/certificate.hpp"
#include "runtime/net/discovery.hpp"
#include "runtime/rules/bootstrap_token.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace troupe::cli {

/// What a process that joins is told.
struct join_options {
  std::filesystem::path data_dir;
  rules::join_role role = rules::join_role::node;
  std::string name; ///< of the node or server, or which component
  /// --join ADDRESS:PORT or HOST:PORT; any that is there.
  std::vector<std::string> servers;
  std::string token_file; ///< --token-file; else TROUPE_TOKEN
  /// The data directory that the user named: a cluster of this machine that
  /// lies there is meant, where nothing else is said.
  std::filesystem::path home;
  uint16_t discovery_port = net::discovery_port; ///< 0: do not look
};

/// Where a process joins, and with what.
struct join_way {
  std::vector<std::string> servers;
  rules::join_token token;
};

/// Decides that from what was given and what was found: pure. `token` is what
/// the user gave, `local` what runs on this machine, `heard` what answered.
/// `token_of` reads the token of a cluster on this machine, where this user
/// may. Errors say what to do; two clusters are listed with their addresses.
expected<join_way>
choose_way(const std::vector<std::string>& servers,
           const std::optional<rules::join_token>& token,
           const std::vector<running_cluster>& local,
           const std::vector<net::found_cluster>& heard,
           const std::function<std::optional<rules::join_token>(
               const running_cluster&)>& token_of);

/// The same with the options' token, the machine's clusters and discovery; the
/// names of hosts are looked up. Blocks as long as that takes.
expected<join_way> find_way(const join_options& options);

/// Carries one request to a server and its answer back. `check` is given the
/// server's certificates, PEM, before anything is sent.
using join_transport = std::function<expected<std::string>(
    const std::string& host, uint16_t port,
    const std::function<caf::error(const std::string& chain)>& check,
    const std::string& request, std::chrono::seconds patience)>;

/// What joining needs of the world.
struct join_means {
  using clock = std::chrono::steady_clock;

  join_transport carry;
  std::function<clock::time_point()> now;
  std::function<void(std::chrono::milliseconds)> wait;
  std::function<uint64_t()> random; ///< so that not all try again at once
};

/// The network, and time as it goes by.
join_means means_of_joining();

/// What a process has once it has joined.
struct joined {
  crypto::identity who;
  join::ClusterFacts facts;
  bool fresh = false; ///< it joined just now
};

/// Where the data directory keeps what came of joining: key and certificate in
/// one file, the authority's certificate, and the facts. All mode 0600.
std::filesystem::path credential_file(const join_options& options);
std::filesystem::path authority_file(const join_options& options);
std::filesystem::path facts_file(const std::filesystem::path& data_dir);

/// Returns what a process that joined was told of its cluster.
expected<join::ClusterFacts> read_facts(const std::filesystem::path& data_dir);

/// Keeps where the servers are now for the next start.
caf::error keep_servers(const std::filesystem::path& data_dir,
                        const std::vector<std::string>& servers);

/// Makes this process one of a cluster's, or finds that it is one: with a
/// credential in the data directory that is still good nobody is asked. Who
/// was one and comes back shows that it was. Errors say what was in the way.
expected<joined>
join_cluster(const join_options& options,
             const std::function<void(const std::string&)>& tell);

/// The same with other means.
expected<joined>
join_cluster(const join_options& options, const join_means& means,
             const std::function<void(const std::string&)>& tell);

} // namespace troupe::cli
