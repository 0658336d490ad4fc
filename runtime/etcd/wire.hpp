#pragma once

#include "messages/errors.hpp"
#include "messages/store.pb.h"
#include "runtime/rpc/rpc_edge.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::etcd {

/// etcd's methods, as gRPC names them.
inline constexpr auto range_method = "/etcdserverpb.KV/Range";
inline constexpr auto txn_method = "/etcdserverpb.KV/Txn";
inline constexpr auto compact_method = "/etcdserverpb.KV/Compact";
inline constexpr auto watch_method = "/etcdserverpb.Watch/Watch";
inline constexpr auto grant_method = "/etcdserverpb.Lease/LeaseGrant";
inline constexpr auto revoke_method = "/etcdserverpb.Lease/LeaseRevoke";
inline constexpr auto renew_method = "/etcdserverpb.Lease/LeaseKeepAlive";
inline constexpr auto lease_method = "/etcdserverpb.Lease/LeaseTimeToLive";
inline constexpr auto status_method = "/etcdserverpb.Maintenance/Status";
inline constexpr auto members_method = "/etcdserverpb.Cluster/MemberList";

/// What a store is asked, in etcd's words.
std::string encode(const store_api::RangeRequest& request);
std::string encode(const store_api::TxnRequest& request);
std::string encode(const store_api::CompactRequest& request);
std::string encode(const store_api::LeaseGrantRequest& request);
std::string encode(const store_api::LeaseRevokeRequest& request);
std::string encode(const store_api::LeaseKeepAliveRequest& request);
std::string encode(const store_api::LeaseTimeToLiveRequest& request);

/// What etcd answers, in a store's words; ec::internal_error for bytes that
/// are no such answer.
expected<store_api::RangeResponse>
decode_range(std::string_view answer, const store_api::RangeRequest& request);
expected<store_api::TxnResponse> decode_txn(std::string_view answer);
expected<store_api::CompactResponse>
decode_compact(std::string_view answer, const store_api::CompactRequest& what);
expected<store_api::LeaseResponse> decode_lease(std::string_view answer);
/// A lease that is not there is ec::not_found.
expected<store_api::LeaseResponse> decode_renewal(std::string_view answer);
expected<store_api::LeaseResponse> decode_time_to_live(std::string_view answer);
expected<store_api::StatusResponse> decode_status(std::string_view answer);
/// Adds who takes part.
caf::error decode_members(std::string_view answer,
                          store_api::StatusResponse& status);

/// The cheapest question that only a member with a majority answers, and only
/// to whom it trusts; the answer names the present revision.
std::string encode_probe();
expected<uint64_t> decode_revision(std::string_view answer);

/// A watch of everything, from a revision on, with what keys held before.
std::string encode_watch(uint64_t id, uint64_t from_revision);
std::string encode_watch_cancel(uint64_t id);

/// A part of what a watch of etcd tells.
struct watch_page {
  uint64_t id = 0;
  std::vector<store_api::Event> events; ///< whole revisions
  bool ended = false;
  uint64_t compacted = 0; ///< ended: history begins here
  std::string reason;     ///< ended: why
};

expected<watch_page> decode_watch(std::string_view message);

/// What the end of a call means. Whether a change was made that was sent and
/// not answered is not known: ec::timeout says so.
caf::error to_error(const rpc::status& how, bool change);

/// Whether another member may do better: this one is not reachable, or none
/// that a majority follows.
bool is_elsewhere(const rpc::status& how);

} // namespace troupe::etcd
