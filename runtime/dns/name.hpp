#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::dns {

/// A domain name, kept as it goes over the wire without compression (RFC 1035,
/// section 3.1): each label behind its length, an empty one at the end. The
/// case of its letters stays as it came; names compare byte by byte, and
/// `same` compares them as DNS does.
class name {
public:
  /// The longest that there may be, and the longest label.
  static constexpr size_t max_size = 255;
  static constexpr size_t max_label = 63;

  /// The root.
  name() : wire_(1, '\0') {}

  /// Reads "web.default.svc.cluster.local", with or without the last dot, and
  /// the escapes "\." and "\065". None for what is too long or has an empty
  /// label.
  static std::optional<name> parse(std::string_view text);

  /// Reads the name at `at` of a packet and moves `at` behind it. Pointers lead
  /// backwards only, so that none goes round. None for what is no name.
  static std::optional<name> read(std::string_view packet, size_t& at);

  /// As `parse` reads it, with the last dot.
  std::string text() const;

  const std::string& wire() const { return wire_; }

  bool is_root() const { return wire_.size() == 1; }

  /// From the left; valid as long as the name.
  std::vector<std::string_view> labels() const;

  /// Puts a label in front; false, and no change, where it would be too long.
  bool prepend(std::string_view label);

  /// With its letters in lower case.
  name lower() const;

  bool operator==(const name&) const = default;

private:
  std::string wire_;
};

/// A text with the letters A to Z in lower case, and nothing else changed.
std::string lower(std::string_view text);

/// Whether DNS takes both for one name.
bool same(const name& a, const name& b);

} // namespace troupe::dns
