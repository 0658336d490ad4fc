#pragma once

#include "runtime/store/machine.hpp"
#include "runtime/store/reading.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <memory>
#include <vector>

namespace troupe {

/// What the parts of one store hand each other within their process: handles
/// and results that have no form on the wire.

/// The state, to be read by whoever has it.
using state_handle = std::shared_ptr<store::database>;

/// The state as the applier opened it.
struct opened_state {
  state_handle state;
  uint64_t applied = 0;
  uint64_t term = 0;
  uint64_t revision = 1;
  uint64_t compacted = 0;
  uint64_t hash = 0;
};

/// The answers to the commands of one entry, in their order.
struct entry_answers {
  uint64_t index = 0;
  std::vector<store::answer> answers;
};

/// What a run of entries came to.
struct applied_entries {
  std::vector<entry_answers> entries;
  uint64_t applied = 0;
  uint64_t revision = 1;
  uint64_t compacted = 0;
  uint64_t hash = 0;
  uint64_t durable = 0; ///< the state holds entries up to this one on disk
};

/// What changed in a run of entries; shared by all who read it.
struct applied_events {
  std::vector<store::placed_event> events;
  uint64_t revision = 1;
};

using events_handle = std::shared_ptr<const applied_events>;
using page_handle = std::shared_ptr<const store::history_page>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::state_handle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::opened_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::applied_entries)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::events_handle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::page_handle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::store::history_request)
