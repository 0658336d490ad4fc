#pragma once

#include "messages/store.pb.h"
#include "runtime/store/reading.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::store {

/// Collects the keys of one answer as the request limits them. Values are read
/// at the end, in the order in which they lie in history: keys that are listed
/// together were often written one after the other.
class range_answer {
public:
  /// Both outlive it.
  range_answer(const reading& from, const store_api::RangeRequest& request)
      : from_(from), request_(request) {
    // nop
  }

  /// Takes the next key; false when the rest is of no interest. A value that is
  /// not staged is in history.
  bool take(std::string_view key, const key_meta& meta,
            const std::string* staged_value);

  /// The answer of that revision; fails for `reason`, if there is one.
  expected<store_api::RangeResponse> finish(caf::error reason,
                                            uint64_t revision);

private:
  caf::error fetch_values();

  const reading& from_;
  const store_api::RangeRequest& request_;
  store_api::RangeResponse result_;
  uint64_t count_ = 0;
  std::vector<std::pair<position, int>> missing_; ///< values, and whose
};

} // namespace troupe::store
