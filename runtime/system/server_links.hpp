#pragma once

#include "runtime/crypto/certificate.hpp"

namespace troupe {

class secure_network;

/// How this process reaches the servers in others, and shows them that it is
/// one of the cluster's own.
struct server_links {
  secure_network* network; ///< never null; not owned
  crypto::credential own;
};

} // namespace troupe
