#pragma once

#include "runtime/text/json_scanner.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace troupe::text {

/// Leads from JSON text that was made of another text back to that one.
class source_map {
public:
  /// What starts at `offset` came from `place`. Offsets only grow.
  void add(size_t offset, text_place place) {
    marks_.push_back({offset, place, false});
  }

  /// The text from `offset` on is the text at `place`, up to the next mark.
  void add_copy(size_t offset, text_place place) {
    marks_.push_back({offset, place, true});
  }

  text_place at(size_t offset) const {
    auto above = std::upper_bound(
        marks_.begin(), marks_.end(), offset,
        [](size_t value, const mark& m) { return value < m.offset; });
    if (above == marks_.begin())
      return {};
    auto& found = *(above - 1);
    auto result = found.place;
    if (found.copied)
      result.column += offset - found.offset;
    return result;
  }

private:
  struct mark {
    size_t offset;
    text_place place;
    bool copied;
  };

  std::vector<mark> marks_;
};

} // namespace troupe::text
