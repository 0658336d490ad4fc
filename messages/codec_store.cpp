#include "messages/codec_parts.hpp"
#include "messages/raft.pb.h"
#include "messages/store.pb.h"
#include "messages/store_desk.pb.h"
#include "messages/store_group_interface.hpp"
#include "messages/store_interface.hpp"

namespace troupe {

void register_store_types(caf::actor_system_config& cfg) {
  cfg.add_message_type<store_watcher_actor>("troupe.store_watcher");
  cfg.add_message_type<snapshot_receiver_actor>("troupe.snapshot_receiver");
  add_messages<store_api::RangeRequest, store_api::RangeResponse,
               store_api::TxnRequest, store_api::TxnResponse,
               store_api::WatchRequest, store_api::WatchCredit,
               store_api::WatchCancel, store_api::WatchProgress,
               store_api::WatchBatch, store_api::LeaseGrantRequest,
               store_api::LeaseRevokeRequest, store_api::LeaseKeepAliveRequest,
               store_api::LeaseTimeToLiveRequest, store_api::LeaseResponse,
               store_api::CompactRequest, store_api::CompactResponse,
               store_api::StatusRequest, store_api::StatusResponse>(cfg);
  add_messages<store_api::MemberAddRequest, store_api::MemberPromoteRequest,
               store_api::MemberRemoveRequest, store_api::MoveLeaderRequest,
               store_api::MemberResponse, store_api::HashRequest,
               store_api::HashResponse, store_api::MemberHash,
               store_api::AlarmListRequest, store_api::AlarmDisarmRequest,
               store_api::AlarmResponse, store_api::SnapshotRequest,
               store_api::SnapshotCredit, store_api::SnapshotCancel,
               store_api::SnapshotPart>(cfg);
  add_messages<
      raft_api::Message, raft_api::Proposal, raft_api::Refused,
      raft_api::LeaseQuestion, raft_api::OpenSnapshot, raft_api::SnapshotOpened,
      raft_api::PullSnapshot, raft_api::SnapshotChunk, raft_api::HashReport,
      raft_api::MemberQuestion, raft_api::HashQuestion, raft_api::StateQuestion,
      raft_api::FindMember, raft_api::AskNonce, raft_api::Nonce>(cfg);
  add_messages<call::StoreQuestion, call::StoreAnswer, call::StoreSnapshot>(
      cfg);
}

} // namespace troupe
