#pragma once

#include "messages/interfaces.hpp"
#include "messages/store.pb.h"
#include "runtime/store/log.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <memory>
#include <vector>

namespace troupe {

/// Keeps the store's log: what it says is written is on disk.
///
/// Hears: from the replica what to write; several such are one synced write.
/// Says:  answers, once they are durable.
/// After a restart: opens the log again and checks all of it, as soon as its
///        predecessor has let go of it.
using log_writer_actor = caf::typed_actor<
    // Open and check.
    caf::replies_to<pb<store_api::OpenLog>>::with<pb<store_api::LogOpened>>,
    // Make this durable.
    caf::replies_to<pb<store_api::WriteLog>,
                    pb<store_api::LogEntries>>::with<pb<store_api::LogWritten>>,
    // Entries that the state does not hold yet.
    caf::replies_to<pb<store_api::ReadLog>>::with<pb<store_api::LogEntries>>,
    // Write what has gathered; or try again to open.
    caf::reacts_to<pb<system::Tick>>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the log writer remembers between two messages.
struct log_writer_state {
  static inline const char* name = "log_writer";

  using written = caf::typed_response_promise<pb<store_api::LogWritten>>;
  using opened = caf::typed_response_promise<pb<store_api::LogOpened>>;

  std::shared_ptr<store::database_slot> slot;
  std::unique_ptr<store::log> log;
  std::vector<written> waiting; ///< for the write that is being gathered
  bool flushing = false;        ///< a tick to write is on its way
  opened opening;               ///< waits for the predecessor to let go
  uint64_t writes = 0;          ///< synced writes so far
};

/// Runs the log writer over the database in `slot`.
log_writer_actor::behavior_type
log_writer(log_writer_actor::stateful_pointer<log_writer_state> self,
           std::shared_ptr<store::database_slot> slot);

} // namespace troupe
