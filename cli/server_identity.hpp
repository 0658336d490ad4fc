#pragma once

#include "runtime/crypto/key_files.hpp"
#include "runtime/system/secure_network.hpp"
#include "runtime/system/server_links.hpp"

namespace troupe::cli {

/// Returns the files by which a server shows others who it is.
secure_files files_of(const crypto::cluster_keys& keys);

/// Returns the way from a server to the others: it shows the credential that
/// lies in its file, and renews it there. Processes of one data directory share
/// that file.
server_links links_of(secure_network& network,
                      const crypto::cluster_keys& keys);

} // namespace troupe::cli
