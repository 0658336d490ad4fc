#include "runtime/transport/peer.hpp"

#include "runtime/crypto/key_files.hpp"

namespace troupe {

peer_role role_of(const crypto::identity& who) {
  if (who.user == crypto::server_user)
    return peer_role::server;
  if (who.user.starts_with("system:node:"))
    return peer_role::node;
  if (who.user.starts_with("system:"))
    return peer_role::component;
  return peer_role::user;
}

std::string_view to_string(peer_role role) {
  switch (role) {
    case peer_role::server:
      return "server";
    case peer_role::node:
      return "node";
    case peer_role::component:
      return "component";
    default:
      return "user";
  }
}

} // namespace troupe
