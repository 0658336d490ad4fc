#include "runtime/http/served_document.hpp"

#include "runtime/crypto/encoding.hpp"

#include <algorithm>

namespace troupe::http {

served_document served_document::of(std::string bytes) {
  auto hash = crypto::hex_encode(crypto::sha256(bytes));
  return {std::move(bytes), std::move(hash)};
}

std::string served_document::tag() const {
  return "\"" + hash + "\"";
}

bool names_tag(std::string_view if_none_match, std::string_view tag) {
  while (!if_none_match.empty()) {
    auto end = std::min(if_none_match.find(','), if_none_match.size());
    auto one = if_none_match.substr(0, end);
    if_none_match.remove_prefix(std::min(end + 1, if_none_match.size()));
    while (!one.empty() && one.front() == ' ')
      one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ')
      one.remove_suffix(1);
    // Which bytes are meant does not matter here, so weak ones count.
    if (one.starts_with("W/"))
      one.remove_prefix(2);
    if (one == tag || one == "*")
      return true;
  }
  return false;
}

} // namespace troupe::http
