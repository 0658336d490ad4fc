#pragma once

#include "runtime/transport/peer.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe {

/// How a value of a message lies on the wire.
enum class wire_form : uint8_t {
  nothing,
  bytes, ///< a Protobuf message
  object,
  objects,
  changes,
  handle, ///< of an actor
  error,
};

/// Who may send a type of value to us, and how.
struct type_rule {
  std::string_view name; ///< one that ends with a dot is all that begin so
  uint8_t senders;       ///< bits of roles
  bool answers_only;     ///< never unasked
  wire_form form;
  size_t most; ///< bytes

  bool allows(peer_role role) const {
    return (senders >> static_cast<int>(role) & 1) != 0;
  }
};

/// Returns the rule for a type by the name that travels; null for one that
/// nobody may send, such as CAF's exits, links, timeouts and spawns.
const type_rule* rule_for(std::string_view type);

} // namespace troupe
