#pragma once

#include "actors/store/applier.hpp"
#include "actors/store/compactor.hpp"
#include "actors/store/fetcher.hpp"
#include "actors/store/leases.hpp"
#include "actors/store/local.hpp"
#include "actors/store/log_writer.hpp"
#include "actors/store/member.hpp"
#include "actors/store/reader.hpp"
#include "actors/store/snapshots.hpp"
#include "actors/store/watch_hub.hpp"
#include "runtime/raft/settings.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// The parts of one store, as the replica uses them. They stand and fall
/// together.
struct store_parts {
  log_writer_actor log;
  applier_actor apply;
  snapshots_actor snapshots;
  fetcher_actor fetcher;
  std::vector<reader_actor> readers;
  reader_actor scrubber; ///< reads what compaction gave up, and nothing else
  watch_hub_actor hub;
  leases_actor leases;
  compactor_actor compactor;
};

/// How a replica is set up.
struct replica_setup {
  store_parts parts;
  raft::settings limits;             ///< all but whose they are
  std::function<uint64_t()> entropy; ///< no two members get the same numbers
  member_finder_actor finder;        ///< null where there are no others
  bool wants_vote = false;           ///< asks to be promoted once it can be
  uint64_t quota_bytes = 0;          ///< of the state, 0 for no limit
};

/// Commands that share an entry, and who waits for the answer of each.
struct command_batch {
  std::shared_ptr<std::string> payload;
  std::vector<std::function<void(store::answer&)>> waiters;
  caf::actor_clock::time_point since{};
};

/// A batch that a leader was given. It is in the log of that term or never will
/// be; which of the two shows at the latest when an entry of a later term is
/// applied.
struct placed_batch {
  command_batch what;
  uint64_t term = 0;
  bool forwarded = false;
};

/// What waits for something, and for no longer than a request may.
struct waiting_request {
  std::function<void()> use;
  std::function<void(const caf::error&)> failed;
  caf::actor_clock::time_point since{};
};

/// Another member.
struct other_member {
  std::string address;
  member_actor handle;
  bool seeking = false;
  size_t failures = 0;                       ///< to find it, in a row
  caf::actor_clock::time_point seek_again{}; ///< not before
};

} // namespace troupe
