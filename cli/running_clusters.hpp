#pragma once

#include "messages/errors.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace troupe::cli {

/// A cluster that runs on this machine.
struct running_cluster {
  std::string data_dir;
  std::string id; ///< the hash of its authority's key, "sha256:..."
  std::string name;
  std::vector<std::string> servers; ///< HOST:PORT, where actors come in

  bool operator==(const running_cluster&) const = default;
};

/// Where clusters that run tell of themselves: $XDG_RUNTIME_DIR/troupe, else
/// /run/troupe for root and a folder of the user's own below /tmp.
std::filesystem::path running_clusters_folder();

/// Tells others on this machine that a cluster runs, until this ends. One whose
/// process was killed counts for nothing: what holds its data directory is
/// gone.
class cluster_announcement {
public:
  cluster_announcement() = default;
  ~cluster_announcement();

  cluster_announcement(const cluster_announcement&) = delete;
  cluster_announcement& operator=(const cluster_announcement&) = delete;

  /// Precondition: this process holds the data directory.
  caf::error make(const running_cluster& x);

private:
  std::filesystem::path file_;
};

/// Returns the clusters that run on this machine, in the network of this
/// process, and that this user may know of. Removes what clusters left that
/// were killed.
std::vector<running_cluster> running_clusters();

} // namespace troupe::cli
