#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe {

/// Reads what CAF's binary serializer writes, without making anything of it.
/// Whoever reads beyond the end, or what is no such thing, gets zeros, and
/// `good` is false from then on.
class wire_reader {
public:
  explicit wire_reader(std::string_view bytes) : rest_(bytes) {}

  uint8_t u8();
  uint16_t u16();
  uint32_t u32();
  uint64_t u64();
  /// How many elements follow.
  uint32_t count();
  std::string_view text();
  /// The identity of a process as its bytes; empty for none.
  std::string_view node();

  void fail() { good_ = false; }
  bool good() const { return good_; }
  size_t left() const { return rest_.size(); }
  /// All was read, and all was good.
  bool done() const { return good_ && rest_.empty(); }

private:
  std::string_view take(size_t size);
  uint64_t number(size_t size);

  std::string_view rest_;
  bool good_ = true;
};

} // namespace troupe
