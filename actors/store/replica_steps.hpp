#pragma once

#include "actors/store/replica.hpp"

namespace troupe::replica_steps {

using pointer = replica_actor::stateful_pointer<replica_state>;

/// Opens both databases, applies again what the state lacks, begins a term.
void open(pointer self);

/// From now on, and for all that waits, every request gets this error.
void refuse(pointer self, const caf::error& fault);

/// What stays undone is for the supervisor: it starts the store anew.
void give_up(pointer self, const caf::error& reason);

/// Gathers one command, already in the payload, with who waits for it.
void gather(pointer self, replica_state::waiter waiter);

/// Whether there is room for one more command.
bool has_room(const replica_state& state);

/// Proposes what has gathered as one entry.
void flush(pointer self);

/// Puts an entry into the log, and the vote with it if one is given.
void propose(pointer self, store_api::LogEntry entry,
             std::vector<replica_state::waiter> waiters,
             const store_api::HardState* hard = nullptr);

/// Tells the other parts that the state stands where it now does.
void tell_reached(pointer self);

} // namespace troupe::replica_steps
