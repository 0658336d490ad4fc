#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// A member of the store's group as the group knows it.
struct member_address {
  uint64_t id = 0;
  /// "server-1/store", or of one that was added "server-2/store@HOST:PORT".
  std::string address;

  bool operator==(const member_address&) const = default;
};

/// Returns the address of the store of a server whose actors answer at
/// HOST:PORT.
std::string member_address_of(std::string_view server, std::string_view place);

/// Returns the name of the server whose store has the address: "server-2".
std::string member_server(std::string_view address);

/// Returns the store alone, wherever it is: "server-2/store".
std::string_view member_store(std::string_view address);

/// Returns HOST:PORT, "" where the address does not say.
std::string member_place(std::string_view address);

} // namespace troupe
