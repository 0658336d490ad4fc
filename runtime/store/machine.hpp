#pragma once

#include "messages/errors.hpp"
#include "messages/store.pb.h"
#include "runtime/raft/configuration.hpp"
#include "runtime/raft/entry.hpp"
#include "runtime/store/alarms.hpp"
#include "runtime/store/commands.hpp"
#include "runtime/store/database.hpp"
#include "runtime/store/reading.hpp"

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace troupe::store {

/// What one command came to.
using answer =
    std::variant<caf::error, store_api::TxnResponse, store_api::LeaseResponse,
                 store_api::CompactResponse, store_api::AlarmResponse>;

/// What became of a lease.
struct lease_change {
  lease_record lease;
  bool ended = false;
};

/// What one entry came to.
struct outcome {
  uint64_t index = 0;
  uint64_t revision = 1;       ///< after the entry
  uint64_t compacted = 0;      ///< after the entry
  uint64_t hash = 0;           ///< of all entries up to this one
  std::vector<answer> answers; ///< one per command
  std::vector<placed_event> events;
  std::vector<lease_change> leases;
  alarm_set alarms; ///< after the entry
};

/// Why a state must not be served any more.
struct stop_mark {
  bool damaged = false; ///< what it holds is wrong
  std::string reason;
};

/// The state and the one way to change it: log entries, in order, each exactly
/// once. The same entries make the same state, byte for byte, and the same
/// answers. Entries of Raft's own move the index too, so that none can be
/// missed unseen.
class machine {
public:
  /// Takes up the state where it stands. Its format and marks are checked.
  static expected<std::unique_ptr<machine>>
  open(std::shared_ptr<database> state);

  uint64_t applied() const { return applied_; }
  uint64_t term() const { return term_; }
  uint64_t revision() const { return revision_; }
  uint64_t compacted() const { return compacted_; }
  uint64_t hash() const { return hash_; }
  /// The greatest id that a member ever had.
  raft::member_id last_member() const { return last_member_; }
  const alarm_set& alarms() const { return alarms_; }
  /// Set if stop() was called, in this life or an earlier one.
  const std::optional<stop_mark>& stopped() const { return stopped_; }

  /// Applies the next entry in one batch together with its index. An entry
  /// that is applied already changes nothing and has no answers. An error
  /// means that the state could not be read or written, or that an entry is
  /// missing in between.
  expected<outcome> apply(const raft::entry& entry);

  /// Gives a state that holds nothing the place where a new log begins.
  caf::error found(const raft::snapshot_mark& start);

  /// Makes everything applied durable without the log.
  caf::error sync();

  /// Notes, durably, that this state must not be served any more.
  caf::error stop(stop_mark why);

private:
  explicit machine(std::shared_ptr<database> state);
  caf::error load_marks();
  void put_members(leveldb::WriteBatch& batch,
                   const raft::configuration& members);

  std::shared_ptr<database> state_;
  uint64_t applied_ = 0;
  uint64_t term_ = 0;
  uint64_t revision_ = 1;
  uint64_t compacted_ = 0;
  uint64_t hash_ = 0;
  raft::member_id last_member_ = 0;
  alarm_set alarms_;
  std::optional<stop_mark> stopped_;
};

} // namespace troupe::store
