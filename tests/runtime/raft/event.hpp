#pragma once

#include "runtime/raft/entry.hpp"

#include <cstdint>
#include <utility>

namespace troupe::raft::sim {

enum class kind : uint8_t {
  tick,
  deliver, ///< a message
  persist, ///< some of the log's writes are done
  apply,
  sync,    ///< the state's, for a checkpoint
  fetch,   ///< of a state begins
  fetched, ///< and ends
  restart,
  client, ///< is to do something
  ask,    ///< what a client wants arrives
  debut,  ///< of a leader, to be its last
  fault,
  relief,
};

/// What relief ends.
enum class trouble : uint8_t { cut, storm, slow };

/// What happens at a time to somebody.
struct event {
  uint64_t time = 0;
  uint64_t order = 0;
  kind what = kind::tick;
  member_id who = 0;
  uint64_t life = 0; ///< of that member; of an earlier one it is void
  uint64_t what_for = 0;

  bool operator>(const event& x) const {
    return std::pair{time, order} > std::pair{x.time, x.order};
  }
};

} // namespace troupe::raft::sim
