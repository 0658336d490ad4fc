#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace troupe::text {

/// One field as it stands in Protobuf's wire format.
struct wire_field {
  uint32_t number = 0;
  uint64_t value = 0;    ///< of a varint or fixed field
  std::string_view data; ///< of a length-delimited field
};

/// Appends the fields of one message's bytes to `out`, ordered by number.
/// Returns false when the bytes are no message.
bool split_wire(std::string_view bytes, std::vector<wire_field>& out);

/// Takes a field off the front of `bytes`. Returns false where none begins.
bool take_field(std::string_view& bytes, wire_field& out);

/// Takes a varint off the front of `bytes`.
bool take_varint(std::string_view& bytes, uint64_t& out);

} // namespace troupe::text
