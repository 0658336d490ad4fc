#include "runtime/transport/wire_reader.hpp"

#include <caf/node_id.hpp>

namespace troupe {

namespace {

/// A process number and a random one behind the kind of identity.
constexpr size_t node_bytes = 4 + caf::node_id::default_data::host_id_size;

} // namespace

std::string_view wire_reader::take(size_t size) {
  if (!good_ || size > rest_.size()) {
    good_ = false;
    return {};
  }
  auto result = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return result;
}

uint64_t wire_reader::number(size_t size) {
  uint64_t result = 0;
  for (unsigned char byte : take(size))
    result = result << 8 | byte;
  return result;
}

uint8_t wire_reader::u8() {
  return static_cast<uint8_t>(number(1));
}

uint16_t wire_reader::u16() {
  return static_cast<uint16_t>(number(2));
}

uint32_t wire_reader::u32() {
  return static_cast<uint32_t>(number(4));
}

uint64_t wire_reader::u64() {
  return number(8);
}

uint32_t wire_reader::count() {
  uint64_t result = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    auto byte = u8();
    result |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) {
      if (result > UINT32_MAX)
        break;
      return static_cast<uint32_t>(result);
    }
  }
  good_ = false;
  return 0;
}

std::string_view wire_reader::text() {
  return take(count());
}

std::string_view wire_reader::node() {
  auto all = rest_;
  auto kind = u64();
  if (kind == 0)
    return {};
  if (kind != static_cast<uint64_t>(caf::node_id::default_data::class_id)) {
    good_ = false;
    return {};
  }
  take(node_bytes);
  return good_ ? all.substr(0, 8 + node_bytes) : std::string_view{};
}

} // namespace troupe
