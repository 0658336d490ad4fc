#include "runtime/rules/allocators.hpp"

#include <algorithm>
#include <bit>

namespace troupe::rules {

namespace {

constexpr unsigned most_bits = 20;

uint32_t usable(const ip_range& range) {
  auto bits = std::min((range.base.v6 ? 128u : 32u) - range.prefix, most_bits);
  auto count = uint32_t{1} << bits;
  uint32_t unusable = range.base.v6 ? 1 : 2;
  return count > unusable ? count - unusable : 0;
}

// The share that is given out last: large enough to be useful, small enough
// not to matter.
uint32_t reserved_share(uint32_t size, uint32_t part, uint32_t most) {
  if (size < 16)
    return 0;
  return std::min(std::max(size / part, uint32_t{16}), most);
}

size_t last_byte(const ip_address& address) {
  return address.v6 ? 15 : 3;
}

} // namespace

slots::slots(uint32_t size, uint32_t reserved)
    : size_(size), reserved_(reserved), words_((size + 63) / 64) {
  // nop
}

bool slots::has(uint32_t slot) const {
  return slot < size_ && (words_[slot / 64] >> (slot % 64) & 1) != 0;
}

bool slots::take(uint32_t slot) {
  if (slot >= size_ || has(slot))
    return false;
  words_[slot / 64] |= uint64_t{1} << (slot % 64);
  ++taken_;
  return true;
}

void slots::release(uint32_t slot) {
  if (!has(slot))
    return;
  words_[slot / 64] &= ~(uint64_t{1} << (slot % 64));
  --taken_;
}

std::optional<uint32_t> slots::take_any(const entropy& next) {
  if (taken_ == size_)
    return std::nullopt;
  auto found = find_free(reserved_, size_, next);
  if (!found)
    found = find_free(0, reserved_, next);
  if (found)
    take(*found);
  return found;
}

std::optional<uint32_t> slots::find_free(uint32_t first, uint32_t last,
                                         const entropy& next) const {
  if (first >= last)
    return std::nullopt;
  auto count = last - first;
  auto start = static_cast<uint32_t>(next() % count);
  for (uint32_t i = 0; i < count;) {
    auto slot = first + (start + i) % count;
    if (!has(slot))
      return slot;
    // A full word is passed over at once, where it does not wrap around.
    bool whole = slot % 64 == 0 && words_[slot / 64] == ~uint64_t{0}
                 && slot + 64 <= last;
    i += whole ? 64 : 1;
  }
  return std::nullopt;
}

ip_allocator::ip_allocator(ip_range range)
    : range_(range),
      slots_(usable(range), reserved_share(usable(range), 16, 256)) {
  // nop
}

// Slot 0 is the address after the base.
std::optional<uint32_t> ip_allocator::slot_of(const ip_address& address) const {
  if (!range_.contains(address))
    return std::nullopt;
  uint64_t offset = 0;
  auto end = last_byte(address);
  for (size_t i = 0; i <= end; ++i) {
    auto bit = static_cast<uint8_t>(address.bytes[i] - range_.base.bytes[i]);
    if (offset >> 32 != 0)
      return std::nullopt;
    offset = offset << 8 | bit;
  }
  if (offset == 0 || offset > slots_.size())
    return std::nullopt;
  return static_cast<uint32_t>(offset - 1);
}

bool ip_allocator::has(const ip_address& address) const {
  auto slot = slot_of(address);
  return slot && slots_.has(*slot);
}

std::string ip_allocator::take(const ip_address& address) {
  auto slot = slot_of(address);
  if (!slot)
    return "the provided IP (" + address.str()
           + ") is not in the valid range. The range of valid IPs is "
           + range_.str();
  return slots_.take(*slot) ? "" : "provided IP is already allocated";
}

std::optional<ip_address> ip_allocator::take_any(const entropy& next) {
  auto slot = slots_.take_any(next);
  if (!slot)
    return std::nullopt;
  auto result = range_.base;
  auto rest = *slot + 1;
  for (auto i = last_byte(result); rest != 0; --i) {
    auto sum = result.bytes[i] + (rest & 0xff);
    result.bytes[i] = static_cast<uint8_t>(sum);
    rest = (rest >> 8) + (sum >> 8);
  }
  return result;
}

void ip_allocator::release(const ip_address& address) {
  if (auto slot = slot_of(address))
    slots_.release(*slot);
}

port_allocator::port_allocator(uint16_t first, uint16_t last)
    : first_(first),
      last_(last),
      slots_(uint32_t{last} - first + 1,
             reserved_share(uint32_t{last} - first + 1, 32, 128)) {
  // nop
}

bool port_allocator::has(int32_t port) const {
  return inside(port) && slots_.has(static_cast<uint32_t>(port - first_));
}

std::string port_allocator::take(int32_t port) {
  if (!inside(port))
    return "provided port is not in the valid range. The range of valid ports "
           "is "
           + std::to_string(first_) + "-" + std::to_string(last_);
  return slots_.take(static_cast<uint32_t>(port - first_))
             ? ""
             : "provided port is already allocated";
}

std::optional<int32_t> port_allocator::take_any(const entropy& next) {
  auto slot = slots_.take_any(next);
  if (!slot)
    return std::nullopt;
  return static_cast<int32_t>(*slot) + first_;
}

void port_allocator::release(int32_t port) {
  if (inside(port))
    slots_.release(static_cast<uint32_t>(port - first_));
}

} // namespace troupe::rules
