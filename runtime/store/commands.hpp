#pragma once

#include "messages/errors.hpp"
#include "messages/store.pb.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::store {

/// Everything that may change the state, as one entry of the log holds it.
using command =
    std::variant<store_api::TxnRequest, store_api::LeaseGrantRequest,
                 store_api::LeaseRevokeRequest, store_api::LeaseCheckpoint,
                 store_api::CompactRequest>;

inline constexpr size_t max_key_bytes = 4096;
inline constexpr size_t max_request_bytes = 3 * 512 * 1024; ///< as etcd's
inline constexpr int max_operations = 4096;

/// Refuses what no state could accept: with ec::too_large what is too big,
/// with ec::bad_request the rest. Every command is checked before it is
/// proposed.
caf::error check(const store_api::TxnRequest& request);
caf::error check(const store_api::RangeRequest& request);
caf::error check(const store_api::LeaseGrantRequest& request);

/// Appends a command to the payload of an entry.
void append(std::string& payload, const store_api::TxnRequest& request);
void append(std::string& payload, const store_api::LeaseGrantRequest& request);
void append(std::string& payload, const store_api::LeaseRevokeRequest& request);
void append(std::string& payload, const store_api::LeaseCheckpoint& request);
void append(std::string& payload, const store_api::CompactRequest& request);

/// The commands of a payload; ec::internal_error if it is none of ours.
expected<std::vector<command>> read_payload(std::string_view payload);

} // namespace troupe::store
