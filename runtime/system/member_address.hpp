#pragma once

#include <cstdint>
#include <string>

namespace troupe {

/// A member of the store's group as the group knows it.
struct member_address {
  uint64_t id = 0;
  /// "server-1/store", or of one that was added "server-2/store@HOST:PORT".
  std::string address;

  bool operator==(const member_address&) const = default;
};

} // namespace troupe
