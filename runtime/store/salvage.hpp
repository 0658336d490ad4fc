#pragma once

#include "messages/errors.hpp"
#include "runtime/store/database.hpp"

#include <iosfwd>

namespace troupe::store {

/// Writes what a member's store holds as a snapshot file (snapshot_file.hpp):
/// for a group that has lost its majority for good. The member's log is carried
/// out to its end first, as the member would if it led, so that nothing that
/// was acknowledged is left out; something that never was may be in it. Nobody
/// may be at work there. Returns the revision. Fails with ec::not_found where
/// no store is, and where it is damaged; then nothing of use is written.
expected<uint64_t> salvage(const database_options& state,
                           const database_options& log, std::ostream& to);

/// The number of the group whose log lies there; 0 if there is none.
expected<uint64_t> group_of(const database_options& log);

} // namespace troupe::store
