#pragma once

#include "messages/object.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe {

/// What happened to one object.
enum class change_type : uint8_t {
  added,    ///< is there, or began to match the selector
  modified, ///< was there and is different
  deleted,  ///< was deleted, or no longer matches; the object as it was last
};

struct change {
  change_type type = change_type::added;
  object what;
};

/// One batch of a watch. Batches of a stream are numbered from 1 without gap.
struct changes {
  uint64_t stream = 0;
  uint64_t sequence = 0;
  /// Everything up to here is in this or an earlier batch.
  uint64_t revision = 0;
  /// A new beginning: what the watcher knew is void, the present objects
  /// follow as `added`.
  bool reset = false;
  /// All objects that were there at the beginning have been told.
  bool complete = false;
  /// The stream ended; why, as a serialised Status. Empty while it goes on.
  std::string ended;
  std::vector<change> items;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, change& x) {
  auto type = static_cast<uint8_t>(x.type);
  if constexpr (Inspector::reads_state) {
    return f(type, x.what);
  } else {
    if (auto err = f(type, x.what))
      return err;
    x.type = static_cast<change_type>(type);
    return caf::none;
  }
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, changes& x) {
  return f(x.stream, x.sequence, x.revision, x.reset, x.complete, x.ended,
           x.items);
}

/// For logs: numbers only.
std::string to_string(const changes& x);

} // namespace troupe
