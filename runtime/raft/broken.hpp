#pragma once

#include <stdexcept>

namespace troupe::raft {

/// What Raft rules out has been seen: a disk has forgotten what it had
/// acknowledged, or there is a mistake in here. The member must not go on.
struct broken : std::logic_error {
  using std::logic_error::logic_error;
};

} // namespace troupe::raft
