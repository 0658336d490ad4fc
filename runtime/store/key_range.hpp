#pragma once

#include <string>
#include <string_view>

namespace troupe::store {

/// The keys of [begin, end), as requests name them: an empty end means the one
/// key, an end of one zero byte means everything from begin on.
class key_range {
public:
  key_range(std::string begin, std::string end)
      : begin_(std::move(begin)), end_(std::move(end)) {
    // nop
  }

  const std::string& begin() const { return begin_; }
  const std::string& end() const { return end_; }
  bool single() const { return end_.empty(); }
  bool unbounded() const { return end_.size() == 1 && end_.front() == '\0'; }

  /// Whether `key`, which is not below begin, lies beyond the range.
  bool past(std::string_view key) const {
    if (single())
      return key != begin_;
    return !unbounded() && key >= end_;
  }

  bool contains(std::string_view key) const {
    return key >= begin_ && !past(key);
  }

private:
  std::string begin_;
  std::string end_;
};

} // namespace troupe::store
