#pragma once

#include "runtime/http/answer_body.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace troupe::http {

/// Remembers how the newest events of watches look as bytes, so that each is
/// encoded once for all who want it in one form, however many watch.
///
/// Bounded by bytes: what is oldest goes first, and whoever still wants it has
/// it made anew. Safe from any thread; two that ask for the same at once wait
/// for one encoding.
class event_memo {
public:
  using text = std::shared_ptr<const std::string>;

  explicit event_memo(size_t most_bytes = size_t{1} << 20)
      : most_bytes_(most_bytes) {
    // nop
  }

  /// Returns what `encode_event` makes of the same.
  text get(std::string_view type, const object& x, const body_form& how,
           bool first);

  /// Events that were asked for so far, and of those that were encoded.
  uint64_t asked() const;
  uint64_t made() const;

private:
  /// What tells encodings apart. Objects over the same bytes are the same.
  struct key {
    const void* bytes = nullptr;
    uint64_t revision = 0;
    std::string type;
    encoding form = encoding::json;
    shape as = shape::object;
    std::string version;
    // The rest is of tables only.
    row_object rows = row_object::metadata;
    bool first = false;
    int64_t second = 0; ///< ages are told by seconds

    bool operator==(const key&) const = default;
  };
  struct hash {
    size_t operator()(const key& x) const;
  };
  struct entry {
    object kept; ///< so that the place of its bytes is nobody else's
    std::once_flag once;
    text made;
  };

  static key key_of(std::string_view type, const object& x,
                    const body_form& how, bool first);
  std::shared_ptr<entry> find(key&& which, const object& x);
  void note_made(entry& known, text made);

  const size_t most_bytes_;
  mutable std::mutex mutex_;
  std::unordered_map<key, std::shared_ptr<entry>, hash> entries_;
  std::deque<key> order_; ///< of the entries, oldest first
  size_t bytes_ = 0;      ///< that they take
  uint64_t asked_ = 0;
  uint64_t made_ = 0;
};

} // namespace troupe::http
