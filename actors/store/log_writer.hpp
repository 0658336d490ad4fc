#pragma once

#include "actors/store/local.hpp"
#include "actors/store/member.hpp"
#include "messages/interfaces.hpp"
#include "messages/store.pb.h"
#include "runtime/store/log.hpp"
#include "runtime/store/member_mark.hpp"

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
    caf::replies_to<pb<store_api::OpenLog>>::with<opened_log>,
    // Make this durable, and the number of the state that goes with it.
    caf::replies_to<raft::write, uint64_t>::with<written_log>,
    // Write what has gathered; or try again to open.
    caf::reacts_to<pb<system::Tick>>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the log writer remembers between two messages.
struct log_writer_state {
  static inline const char* name = "log_writer";

  /// A write that is being gathered with others.
  struct waiting_write {
    uint64_t number = 0;
    caf::typed_response_promise<written_log> promise;
  };
  using opened = caf::typed_response_promise<opened_log>;

  std::shared_ptr<store::database_slot> slot;
  store_member member;
  store::member_mark mark;
  bool of_several = false; ///< the group has, or had, more than one member
  std::unique_ptr<store::log> log;
  std::vector<waiting_write> waiting;
  bool flushing = false; ///< a tick to write is on its way
  opened opening;        ///< waits for the predecessor to let go
  uint64_t writes = 0;   ///< synced writes so far
};

/// Runs the log writer over the database in `slot`. A log that is nobody's yet
/// becomes that of `member`, unless `mark` says that it was at work before.
log_writer_actor::behavior_type
log_writer(log_writer_actor::stateful_pointer<log_writer_state> self,
           std::shared_ptr<store::database_slot> slot, store_member member,
           store::member_mark mark);

} // namespace troupe
