#pragma once

#include "actors/system/cluster.hpp"
#include "messages/errors.hpp"
#include "runtime/system/config.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace troupe::cli {

/// What `up` made the cluster of a data directory with, so that it is the
/// same the next time unless told otherwise.
struct cluster_shape {
  uint32_t nodes = 0;     ///< 0: there was no cluster
  std::string runtime;    ///< "": there was no cluster
  uint32_t servers = 0;   ///< 0: there was no cluster
  bool processes = false; ///< servers have processes of their own
  bool apart = false;     ///< each component has one
  /// What decides, but is not run; see `without_names`.
  std::vector<std::string> without{};
  std::string host;         ///< where the first answers; "": as by default
  store_limits limits{};    ///< see cluster_config
  uint64_t store_group = 0; ///< see cluster_config; 0: none was chosen yet
};

/// What decides for a cluster and may be left to others: "scheduler" and
/// "controllers".
extern const std::vector<std::string> without_names;

/// What is run of it where these are not.
deciding_parts deciding(const std::vector<std::string>& without);

/// The limits among what files of a data directory say, in bytes and seconds.
nlohmann::json document_of(const store_limits& limits);
store_limits limits_of(const nlohmann::json& doc);

/// Returns the shape of the cluster in a data directory; an empty one when
/// there was none. Fails when what is there cannot be read.
expected<cluster_shape> read_shape(const std::filesystem::path& data_dir);

/// Returns the shape as far as anything is left that tells it: servers that
/// were added, stores, a start that failed. Nobody may be at work there. Fails
/// with Conflict where a server joined.
expected<cluster_shape> last_shape(const std::filesystem::path& data_dir);

/// Returns what is not run of it: where nothing is said that of last time, and
/// nothing where it is said with "none".
std::vector<std::string>
settled_without(const std::vector<std::string>& without,
                const cluster_shape& last);

/// Keeps it, at once or not at all.
expected<void> write_shape(const std::filesystem::path& data_dir,
                           const cluster_shape& shape);

} // namespace troupe::cli
