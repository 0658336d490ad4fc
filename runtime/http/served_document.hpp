#pragma once

#include <string>
#include <string_view>

namespace troupe::http {

/// A document that is made once and sent as it is. Documents are long and
/// seldom new: whoever has one need not get it again.
struct served_document {
  std::string bytes;
  std::string hash; ///< changes when the bytes do

  static served_document of(std::string bytes);

  /// Returns what a client keeps it by (RFC 9110, 8.8.3).
  std::string tag() const;
};

/// Returns whether an If-None-Match header names a tag (RFC 9110, 13.1.2).
bool names_tag(std::string_view if_none_match, std::string_view tag);

} // namespace troupe::http
