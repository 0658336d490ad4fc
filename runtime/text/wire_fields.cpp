#include "runtime/text/wire_fields.hpp"

#include <algorithm>

namespace troupe::text {

namespace {

enum wire_type : uint32_t {
  varint = 0,
  fixed64 = 1,
  bytes_type = 2,
  fixed32 = 5
};

bool take_fixed(std::string_view& bytes, size_t size, uint64_t& out) {
  if (bytes.size() < size)
    return false;
  out = 0;
  for (size_t i = 0; i < size; ++i)
    out |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i]))
           << (8 * i);
  bytes.remove_prefix(size);
  return true;
}

bool take_value(std::string_view& bytes, uint32_t type, wire_field& field) {
  uint64_t size = 0;
  switch (type) {
    case varint:
      return take_varint(bytes, field.value);
    case fixed64:
      return take_fixed(bytes, 8, field.value);
    case fixed32:
      return take_fixed(bytes, 4, field.value);
    case bytes_type:
      if (!take_varint(bytes, size) || size > bytes.size())
        return false;
      field.data = bytes.substr(0, size);
      bytes.remove_prefix(size);
      return true;
    default:
      return false;
  }
}

} // namespace

bool take_varint(std::string_view& bytes, uint64_t& out) {
  // Nearly all are small.
  if (!bytes.empty() && static_cast<unsigned char>(bytes[0]) < 0x80) {
    out = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    return true;
  }
  out = 0;
  for (uint32_t shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    auto byte = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    out |= static_cast<uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80)
      return true;
  }
  return false;
}

bool take_field(std::string_view& bytes, wire_field& out) {
  uint64_t tag = 0;
  if (!take_varint(bytes, tag))
    return false;
  out.number = static_cast<uint32_t>(tag >> 3);
  return take_value(bytes, tag & 7, out);
}

bool split_wire(std::string_view bytes, std::vector<wire_field>& out) {
  auto first = out.size();
  auto ordered = true;
  while (!bytes.empty()) {
    wire_field field;
    if (!take_field(bytes, field))
      return false;
    ordered =
        ordered && (out.size() == first || out.back().number <= field.number);
    out.push_back(field);
  }
  if (!ordered)
    std::stable_sort(out.begin() + static_cast<ptrdiff_t>(first), out.end(),
                     [](const wire_field& a, const wire_field& b) {
                       return a.number < b.number;
                     });
  return true;
}

} // namespace troupe::text
