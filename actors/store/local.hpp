#pragma once

#include "runtime/raft/output.hpp"
#include "runtime/raft/settings.hpp"
#include "runtime/store/commands.hpp"
#include "runtime/store/machine.hpp"
#include "runtime/store/reading.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/error.hpp>
#include <caf/typed_actor.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace troupe {

/// What the parts of one store hand each other within their process: handles
/// and results that have no form on the wire.

/// The state, to be read by whoever has it.
using state_handle = std::shared_ptr<store::database>;

/// The log as the writer opened it.
struct opened_log {
  raft::restored found; ///< but for what the state holds
  raft::member_id self = 0;
  uint64_t group = 0; ///< 0 if it knows none
  uint64_t state = 0; ///< number of the state that goes with it
};

/// This write, and all before it, are on disk.
struct written_log {
  uint64_t number = 0;
};

/// Entries in order, each committed.
struct committed_entries {
  std::vector<raft::entry> entries;
};

/// The state as the applier opened it. None if it has to be told which.
struct opened_state {
  state_handle state;
  uint64_t number = 0;
  uint64_t applied = 0;
  uint64_t revision = 1;
  uint64_t compacted = 0;
  uint64_t hash = 0;
  raft::member_id last_member = 0;
  store::alarm_set alarms;
  std::optional<store::stop_mark> stopped;
};

/// Another member's state, complete and durable beside the present one.
struct fetched_state {
  raft::snapshot_mark mark;
  uint64_t number = 0;
  std::shared_ptr<store::database_slot> place;
  state_handle state;
};

/// What one entry came to: the answers to its commands, in their order.
struct applied_entry {
  raft::position at;
  uint64_t hash = 0;
  std::optional<store::entry_origin> origin;
  std::vector<store::answer> answers;
};

/// What a run of entries came to.
struct applied_entries {
  std::vector<applied_entry> entries;
  std::vector<store::lease_change> leases;
  uint64_t applied = 0;
  uint64_t revision = 1;
  uint64_t compacted = 0;
  uint64_t hash = 0;
  raft::member_id last_member = 0; ///< the greatest id that ever was
  store::alarm_set alarms;
};

/// The state holds entries up to this one on disk, without the log.
struct checkpointed {
  uint64_t index = 0;
};

/// What changed in a run of entries; shared by all who read it.
struct applied_events {
  std::vector<store::placed_event> events;
  uint64_t revision = 1;
  /// Another state was put in place of the one before: what lies between is
  /// not among the events.
  bool jumped = false;
};

using events_handle = std::shared_ptr<const applied_events>;
using page_handle = std::shared_ptr<const store::history_page>;

/// What a part found of the store that makes it one not to be served.
struct store_fault {
  caf::error why;
  state_handle of; ///< what was read then
};

/// Whoever decides whether the store is served.
using fault_listener_actor = caf::typed_actor<caf::reacts_to<store_fault>>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::store_fault)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::state_handle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::opened_log)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::written_log)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::committed_entries)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::opened_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::checkpointed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::fetched_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::applied_entries)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::events_handle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::page_handle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::store::history_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::raft::write)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::raft::snapshot_mark)
