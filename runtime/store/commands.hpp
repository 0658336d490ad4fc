#pragma once

#include "messages/errors.hpp"
#include "messages/store.pb.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::store {

/// Everything that may change the state, as one entry of the log holds it.
using command =
    std::variant<store_api::TxnRequest, store_api::LeaseGrantRequest,
                 store_api::LeaseRevokeRequest, store_api::LeaseCheckpoint,
                 store_api::CompactRequest, store_api::AlarmChange>;

inline constexpr size_t max_request_bytes = 3 * 512 * 1024; ///< as etcd's
inline constexpr int max_operations = 4096;

/// Refuses what no state could accept: with ec::too_large what is too big,
/// with ec::bad_request the rest. Every command is checked before it is
/// proposed.
caf::error check(const store_api::TxnRequest& request);
caf::error check(const store_api::RangeRequest& request);
caf::error check(const store_api::LeaseGrantRequest& request);

/// Whether it may put a key: what only deletes and reads, space or none, goes
/// on.
bool grows(const store_api::TxnRequest& request);

/// Appends a command to the payload of an entry.
void append(std::string& payload, const store_api::TxnRequest& request);
void append(std::string& payload, const store_api::LeaseGrantRequest& request);
void append(std::string& payload, const store_api::LeaseRevokeRequest& request);
void append(std::string& payload, const store_api::LeaseCheckpoint& request);
void append(std::string& payload, const store_api::CompactRequest& request);
void append(std::string& payload, const store_api::AlarmChange& request);

/// Who put an entry into the log: one life of one member, by a number that it
/// drew, and the number of the proposal in that life.
struct entry_origin {
  uint64_t life = 0;
  uint64_t number = 0;
};

/// Begins a payload. Precondition: it is empty, or begins with an origin, which
/// then gives way.
void set_origin(std::string& payload, const entry_origin& from);

/// Nothing if the payload does not say.
std::optional<entry_origin> origin_of(std::string_view payload);

/// The commands of a payload; ec::internal_error if it is none of ours.
expected<std::vector<command>> read_payload(std::string_view payload);

} // namespace troupe::store
