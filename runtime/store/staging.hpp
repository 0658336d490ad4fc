#pragma once

#include "runtime/store/machine.hpp"

#include <leveldb/write_batch.h>

#include <map>
#include <utility>

namespace troupe::store {

/// Works out one log entry: the batch to write and the answers. Each command
/// sees what those before it made, though nothing is written yet.
class staging {
public:
  /// `from` is the state before the entry, which is of that term; `out` says at
  /// which revision it stands and collects answers and events.
  staging(const reading& from, outcome& out, uint64_t hash, uint64_t term);

  /// An error means that the state could not be read; a command that is
  /// refused has its error among the answers and changes nothing.
  caf::error run(const command& what);

  leveldb::WriteBatch& batch() { return batch_; }
  uint64_t hash() const { return hash_; }

private:
  caf::error run(const store_api::TxnRequest& request);
  caf::error run(const store_api::LeaseGrantRequest& request);
  caf::error run(const store_api::LeaseRevokeRequest& request);
  caf::error run(const store_api::LeaseCheckpoint& request);
  caf::error run(const store_api::CompactRequest& request);
  caf::error run(const store_api::AlarmChange& request);

  expected<bool> holds(const store_api::Compare& compare);
  caf::error operate(const store_api::Operation& operation,
                     store_api::OperationResult& result);
  caf::error put(const store_api::Put& what,
                 store_api::OperationResult& result);
  caf::error erase(const store_api::DeleteRange& what,
                   store_api::OperationResult& result);
  void erase_key(const std::string& key, const key_meta& meta);
  void record(const change& what, position at);
  bool refuse_growth();
  void attach(uint64_t lease, const std::string& key, bool attached);

  expected<std::optional<key_meta>> current(const std::string& key);
  expected<store_api::KeyValue> contents(const std::string& key,
                                         const key_meta& meta);
  expected<std::optional<lease_record>> lease(uint64_t id);
  caf::error check_leases(
      const google::protobuf::RepeatedPtrField<store_api::Operation>& todo);
  void answer_lease(const lease_record& lease);
  /// Refuses what the leader of another term found out by its clock.
  bool refuse_stale(uint64_t term);
  void begin_revision() { sub_ = 0; }
  void end_revision();
  uint64_t next_revision() const { return out_.revision + 1; }

  const reading& from_;
  outcome& out_;
  uint64_t hash_;
  uint64_t term_;
  leveldb::WriteBatch batch_;
  staged_keys keys_;
  std::map<uint64_t, std::optional<lease_record>> leases_;
  std::map<std::pair<uint64_t, std::string>, bool> attached_;
  uint32_t sub_ = 0; ///< changes in the revision being made
};

} // namespace troupe::store
