#pragma once

#include "messages/raft.pb.h"
#include "runtime/raft/message.hpp"

#include <optional>

namespace troupe::store {

/// Raft's messages as they travel.
raft_api::Message to_wire(const raft::message& what);

/// Nothing for one that no member of ours would say.
std::optional<raft::message> from_wire(const raft_api::Message& what);

} // namespace troupe::store
