#pragma once

#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/kubeconfig.hpp"

#include <filesystem>
#include <string>

namespace troupe::cli {

/// Writes the administrator's kubeconfig: of a cluster whose REST API is at
/// `api`, HOST:PORT, and whose actors are at `actors`, several with commas
/// between them. Returns the way in that it tells, which every command line
/// takes.
expected<crypto::kubeconfig_access>
write_admin_kubeconfig(const std::filesystem::path& file,
                       const crypto::cluster_keys& keys, const std::string& api,
                       const std::string& actors);

} // namespace troupe::cli
