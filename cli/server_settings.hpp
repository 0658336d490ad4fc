#pragma once

#include "cli/directory_lock.hpp"
#include "messages/errors.hpp"
#include "runtime/crypto/key_files.hpp"
#include "runtime/system/config.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace troupe::cli {

/// The address at which servers answer unless told otherwise.
constexpr auto default_host = "127.0.0.1";

/// Where a server answers.
struct server_place {
  std::string name;
  uint16_t port = 0;               ///< of the actors
  uint16_t api_port = 0;           ///< of the REST API
  uint64_t member = 0;             ///< of the store's group
  bool founder = true;             ///< of the group; else it was added to it
  std::string host = default_host; ///< an IPv4 address
  bool elsewhere = false; ///< runs from another data directory, which it joined
  /// Of the store, where each part of the server has a process of its own; then
  /// `port` is that of the API server. Else 0.
  uint16_t store_port = 0;

  /// HOST:PORT of the actors.
  std::string address() const;
};

/// What servers in processes of their own must know of their cluster. Kept in
/// its data directory by who starts them. Who changes it ends or begins
/// servers: `server_keeper` does what it says.
struct server_settings {
  /// Of all, in the order of the members. The first is in the process of `up`.
  std::vector<server_place> places;
  /// Of a server that joined from this data directory: its name. Else "".
  std::string own;
  /// While that one is no member yet: it takes another name where somebody else
  /// gets this one first.
  bool any_name = false;
  std::string service_cidr;
  std::string pod_cidr;
  std::string api_service; ///< the address of the Service `kubernetes`
  std::string api_address; ///< where pods reach the API of the first server
  bool pod_namespaces = false;
  int lowest_port = 0;
  uint64_t store_group = 0; ///< see cluster_config
  store_limits limits{};
  std::vector<std::string> without{}; ///< see cluster_shape

  /// The place of that server, or null.
  const server_place* find(const std::string& name) const;

  /// Where the actors of all of them come in, as a kubeconfig says it, the one
  /// of this data directory first.
  std::string addresses() const;

  /// Every address under which one of them may be reached.
  std::vector<std::string> hosts() const;
};

/// Tells a process what the settings say of its cluster: which servers there
/// are, this one being `own`, and where the API of this process is.
void configure(cluster_config& config, const std::filesystem::path& data_dir,
               const server_settings& settings, const server_place& own);

/// Opens the keys of the servers of a data directory, for the addresses at
/// which they are reached.
expected<crypto::cluster_keys>
open_server_keys(const std::filesystem::path& data_dir,
                 const server_settings& settings);

/// Where the actors of all of them come in, as a kubeconfig says it.
std::string addresses_of(const std::vector<server_place>& places);

/// Where a server in a process of its own keeps its lock and its log.
std::filesystem::path server_folder(const std::filesystem::path& data_dir,
                                    const std::string& name);

/// Held by who reads the settings to change them, for as long as that takes.
class settings_lock {
public:
  /// Nobody holds it for longer than files and one request take.
  static constexpr std::chrono::milliseconds usual_patience{10'000};

  /// Waits for who holds it; then fails with Conflict.
  caf::error take(const std::filesystem::path& data_dir,
                  std::chrono::milliseconds patience = usual_patience);

private:
  directory_lock lock_;
};

/// Where the settings are.
std::filesystem::path
server_settings_file(const std::filesystem::path& data_dir);

/// Fails with NotFound when there are none, with InternalError when they
/// cannot be read.
expected<server_settings>
read_server_settings(const std::filesystem::path& data_dir);

/// The same as text, and of it.
std::string text_of(const server_settings& settings);
expected<server_settings> parse_server_settings(const std::string& text);

/// Keeps them, at once or not at all.
expected<void> write_server_settings(const std::filesystem::path& data_dir,
                                     const server_settings& settings);

/// The error of a place that cannot be listened at.
caf::error no_port(const std::string& host, uint16_t port);

/// Returns a port that nobody has now at any address of this machine, and that
/// none of these servers has, be it down.
expected<uint16_t> free_port(const std::vector<server_place>& places);

} // namespace troupe::cli
