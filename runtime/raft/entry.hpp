#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::raft {

/// One member, for ever: whoever takes its place has another id. 0 is nobody.
using member_id = uint64_t;

/// A place in a log. The greater one is the more up to date (paper, 5.4.1): the
/// later term, and in the same term the longer log.
struct position {
  uint64_t term = 0;
  uint64_t index = 0;

  auto operator<=>(const position&) const = default;
};

enum class entry_kind : uint8_t {
  noop = 0,     ///< moves the index only; what a leader begins with
  commands = 1, ///< bytes of who proposed them
  change = 2,   ///< the whole configuration that holds from here on
};

/// Bytes that the log, messages and the disk share.
using payload = std::shared_ptr<const std::string>;

/// One place of the log and what is there.
struct entry {
  position at;
  entry_kind kind = entry_kind::noop;
  payload data; ///< null for none

  std::string_view bytes() const {
    return data ? std::string_view{*data} : std::string_view{};
  }

  /// The bytes that limits count it with.
  size_t cost() const { return sizeof(entry) + bytes().size(); }
};

/// What a member must not forget about elections (paper, figure 2).
struct hard_state {
  uint64_t term = 0;
  member_id voted_for = 0;

  bool operator==(const hard_state&) const = default;
};

} // namespace troupe::raft
