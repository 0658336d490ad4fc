#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace troupe::text {

/// Appends to a string, piece by piece, without a call for each. Between the
/// first piece and the end of the sink the string is longer than its text:
/// nobody else may look at it or change it.
class text_sink {
public:
  explicit text_sink(std::string& out) : out_(out), used_(out.size()) {
    // nop
  }

  ~text_sink() { out_.resize(used_); }

  text_sink(const text_sink&) = delete;
  text_sink& operator=(const text_sink&) = delete;

  void put(char c) { *room(1) = c, ++used_; }

  void put(std::string_view text) {
    if (text.empty())
      return;
    std::memcpy(room(text.size()), text.data(), text.size());
    used_ += text.size();
  }

  void put_number(int64_t value) {
    constexpr size_t longest = 20; // with its sign
    auto* begin = room(longest);
    auto* end = std::to_chars(begin, begin + longest, value).ptr;
    used_ += static_cast<size_t>(end - begin);
  }

  /// Runs `append` with the string as it should be by now, for pieces that
  /// are made by something else.
  template <class F>
  void put_by(F append) {
    out_.resize(used_);
    append(out_);
    used_ = out_.size();
  }

private:
  char* room(size_t size) {
    if (out_.size() - used_ < size)
      grow(size);
    return out_.data() + used_;
  }

  /// By steps: what is made longer is written twice, the second time while it
  /// is still at hand.
  void grow(size_t size) {
    constexpr size_t least = 1u << 10;
    constexpr size_t most = 32u << 10;
    auto step = std::max(size, std::clamp(used_ / 2, least, most));
    if (out_.capacity() - used_ < step && out_.capacity() - used_ >= size)
      step = out_.capacity() - used_;
    out_.resize(used_ + step);
  }

  std::string& out_;
  size_t used_;
};

} // namespace troupe::text
