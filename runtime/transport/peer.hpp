#pragma once

#include "runtime/crypto/certificate.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// What a process at the other end of a connection may be. Its certificate
/// says so; nothing that it sends does.
enum class peer_role : uint8_t {
  server,    ///< one of the cluster's own: kube-apiserver
  user,      ///< an administrator, or anyone else who has a certificate
  node,      ///< system:node:NAME
  component, ///< system:kube-scheduler and so on
};

/// Who is at the other end of a connection, as its certificate says.
struct peer {
  crypto::identity who;
  peer_role role = peer_role::user;
  std::string serial; ///< of the certificate, lower case hexadecimal
};

/// Returns what a process with this identity is taken for.
peer_role role_of(const crypto::identity& who);

std::string_view to_string(peer_role role);

} // namespace troupe
