#pragma once

#include "messages/codec.hpp"

#include <caf/fwd.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <string>

namespace troupe::store_api {
class CompactRequest;
class CompactResponse;
class LeaseGrantRequest;
class LeaseKeepAliveRequest;
class LeaseResponse;
class LeaseRevokeRequest;
class LeaseTimeToLiveRequest;
class RangeRequest;
class RangeResponse;
class StatusRequest;
class StatusResponse;
class TxnRequest;
class TxnResponse;
class WatchBatch;
class WatchCancel;
class WatchCredit;
class WatchProgress;
class WatchRequest;
} // namespace troupe::store_api

namespace troupe {

/// Hears what changed in the store.
using store_watcher_actor = caf::typed_actor<
    // The next batch of a watch.
    caf::reacts_to<pb<store_api::WatchBatch>>>;

/// The state store as its clients see it. It answers what is on disk only. An
/// answer may never come if the store dies: clients monitor it, and on DOWN
/// resolve it again and watch from the last revision they were told.
using store_actor = caf::typed_actor<
    // Keys at the present or an older revision: everything acknowledged before
    // is seen.
    caf::replies_to<pb<store_api::RangeRequest>>::with<
        pb<store_api::RangeResponse>>,
    // Compare, then change: answered once it is durable.
    caf::replies_to<pb<store_api::TxnRequest>>::with<
        pb<store_api::TxnResponse>>,
    // Tell this watcher what changes. The first batch has no events and says
    // where the watch begins.
    caf::reacts_to<pb<store_api::WatchRequest>, store_watcher_actor>,
    // The watcher took that many events.
    caf::reacts_to<pb<store_api::WatchCredit>, store_watcher_actor>,
    // No more of this watch.
    caf::reacts_to<pb<store_api::WatchCancel>, store_watcher_actor>,
    // Tell the watcher once it has been told all there is now.
    caf::reacts_to<pb<store_api::WatchProgress>, store_watcher_actor>,
    // A new lease.
    caf::replies_to<pb<store_api::LeaseGrantRequest>>::with<
        pb<store_api::LeaseResponse>>,
    // End a lease and what hangs on it.
    caf::replies_to<pb<store_api::LeaseRevokeRequest>>::with<
        pb<store_api::LeaseResponse>>,
    // Begin its time anew.
    caf::replies_to<pb<store_api::LeaseKeepAliveRequest>>::with<
        pb<store_api::LeaseResponse>>,
    // How long has it left?
    caf::replies_to<pb<store_api::LeaseTimeToLiveRequest>>::with<
        pb<store_api::LeaseResponse>>,
    // Give up history.
    caf::replies_to<pb<store_api::CompactRequest>>::with<
        pb<store_api::CompactResponse>>,
    // How is it?
    caf::replies_to<pb<store_api::StatusRequest>>::with<
        pb<store_api::StatusResponse>>>;

/// The least key above all that begin with `prefix`, as the range_end of a
/// range over them.
std::string prefix_end(std::string prefix);

/// A transaction that puts one key.
store_api::TxnRequest put_request(std::string key, std::string value);

/// A transaction that puts one key if its last change was at `mod_revision`;
/// 0 means if it does not exist. Otherwise it brings what is there.
store_api::TxnRequest put_if_request(std::string key, std::string value,
                                     uint64_t mod_revision);

/// A transaction that deletes one key.
store_api::TxnRequest delete_request(std::string key);

/// The same if its last change was at `mod_revision`. Otherwise it brings what
/// is there.
store_api::TxnRequest delete_if_request(std::string key, uint64_t mod_revision);

} // namespace troupe
