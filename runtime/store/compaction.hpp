#pragma once

#include "messages/errors.hpp"
#include "runtime/store/database.hpp"

#include <cstddef>
#include <memory>

namespace troupe::store {

/// How far one step came.
struct scrub_progress {
  bool done = true;   ///< nothing that is compacted away is left
  size_t removed = 0; ///< changes deleted by this step
};

/// Deletes, in one small batch, a part of what the mark of compaction has given
/// up: changes that a newer one has replaced at or before the mark, and
/// deletions before it. The next step goes on where this one ended, also after
/// a restart. May run beside `machine`.
expected<scrub_progress> scrub(const std::shared_ptr<database>& state,
                               size_t max_changes = 512);

/// Gives the space of what was deleted back to the disk. Takes as long as it
/// takes to write all of the state anew. May run beside `machine`.
caf::error reclaim(database& state);

} // namespace troupe::store
