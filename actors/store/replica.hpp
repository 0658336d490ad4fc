#pragma once

#include "actors/store/applier.hpp"
#include "actors/store/compactor.hpp"
#include "actors/store/leases.hpp"
#include "actors/store/log_writer.hpp"
#include "actors/store/proposer.hpp"
#include "actors/store/reader.hpp"
#include "actors/store/watch_hub.hpp"
#include "messages/interfaces.hpp"
#include "messages/store_interface.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace troupe {

/// The parts of one store, as the replica uses them. They stand and fall
/// together.
struct store_parts {
  log_writer_actor log;
  applier_actor apply;
  std::vector<reader_actor> readers;
  watch_hub_actor hub;
  leases_actor leases;
  compactor_actor compactor;
};

/// The store as its clients see it. A change is answered when it is durable in
/// the log and applied; a read sees every change that was answered before.
///
/// Hears: all that clients ask; proposals of its own parts; their end.
/// Says:  entries to the log writer, committed ones to the applier, reads to
///        readers, watches to the hub; answers.
/// After a restart: has the log checked and what the state lacks applied
///        again; requests wait until then. Those in flight got no answer:
///        who asked sees it go down.
using replica_actor = store_actor
    // What the store's own parts propose beside what clients may.
    ::extend<caf::replies_to<pb<store_api::LeaseCheckpoint>>::with<
        pb<store_api::LeaseResponse>>>
    // Gathered proposals become an entry; or time to try again.
    ::extend<caf::reacts_to<pb<system::Tick>>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the replica remembers between two messages.
struct replica_state {
  static inline const char* name = "replica";

  /// Brings the answer of one command to who waits for it.
  using waiter = std::function<void(store::answer&)>;

  struct entry {
    uint64_t index = 0;
    std::vector<waiter> waiters;
    pb<store_api::LogEntries> entries;
    bool committed = false;
  };

  enum class phase { opening, ready, refusing };

  store_parts parts;
  phase now = phase::opening;
  caf::error fault; ///< why it refuses

  // The group's view of the log. One member is its own majority.
  uint64_t term = 0;
  uint64_t last_index = 0;
  uint64_t commit_index = 0;
  uint64_t trim = 0; ///< entries up to this one are durable in the state

  // What is applied.
  uint64_t applied = 0;
  uint64_t revision = 1;
  uint64_t compacted = 0;
  uint64_t hash = 0;

  std::string payload;          ///< proposals that are being gathered
  std::vector<waiter> gathered; ///< and who waits for each
  bool flushing = false;        ///< a tick to propose them is on its way
  std::deque<entry> in_flight;  ///< proposed and not applied, by index
  size_t pending = 0;           ///< waiters of all of them
  std::vector<std::function<void()>> when_open; ///< requests that came early
  size_t turn = 0;                              ///< of the readers
};

/// Runs the replica over its parts and begins to open the store.
replica_actor::behavior_type
replica(replica_actor::stateful_pointer<replica_state> self, store_parts parts);

} // namespace troupe
