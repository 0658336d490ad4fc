#pragma once

#include "actors/store/member.hpp"
#include "actors/system/supervisor.hpp"
#include "messages/errors.hpp"
#include "messages/store_interface.hpp"
#include "runtime/store/member_mark.hpp"
#include "runtime/system/config.hpp"

#include <caf/fwd.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

namespace leveldb {
class Env;
} // namespace leveldb

namespace troupe {

namespace store {
class database_slot;
class state_places;
struct restored_store;
} // namespace store

/// How a store is set up.
struct store_options {
  std::string path; ///< folder of its own
  /// File that remembers, outside of that folder, that the store is a group's;
  /// "" for none. See runtime/store/member_mark.hpp.
  std::string mark;
  leveldb::Env* env = nullptr; ///< nullptr for the machine's disk
  /// Actors that wait for the disk have threads of their own. Not so under
  /// virtual time.
  bool threads = true;
  size_t write_buffer = size_t{2} << 20; ///< of each database
  size_t block_cache = size_t{1} << 20;  ///< of each database
  /// Bytes of entries after which the state is synced and the log cut; half
  /// of it stays for members that are a little behind.
  uint64_t checkpoint_bytes = uint64_t{4} << 20;
  /// Revisions of history that are kept at least.
  uint64_t keep_revisions = 50'000;
  /// And history of this time, but never more than ten times as many revisions.
  std::chrono::seconds keep_time = std::chrono::hours(1);
  /// When the state is larger than this, nothing more is put. 0 for no limit.
  uint64_t quota_bytes = uint64_t{2} << 30;
  /// Which member this is when the store is new.
  store_member member;
  /// Chance of its own; the operating system's if empty.
  std::function<uint64_t()> entropy;
};

/// The places of a store's databases. Lives as long as any incarnation of
/// the store, so that each waits for its predecessor to let go of them.
struct store_disk {
  std::shared_ptr<store::database_slot> log;
  std::shared_ptr<store::state_places> states;
  store::member_mark mark;
};

store_disk make_store_disk(const store_options& options);

/// Makes a new store in the folder of `options` from a snapshot, as bytes that
/// were streamed for a SnapshotRequest: a group of one member at `address`. See
/// runtime/store/snapshot_file.hpp. Nobody may be at work there.
expected<store::restored_store> restore_store(const store_options& options,
                                              std::istream& from,
                                              const std::string& address);

/// The number of the group that a store is of; 0 where there is none, or it
/// knows none. Nobody may be at work there.
expected<uint64_t> group_of_store(const store_options& options);

/// The value of a key in a store that was just made so; ec::not_found where it
/// holds none.
expected<std::string> value_in_store(const store_options& options,
                                     const std::string& key);

/// Writes such a file of a store at which nobody is at work. See
/// runtime/store/salvage.hpp.
expected<uint64_t> salvage_store(const store_options& options,
                                 std::ostream& to);

/// Returns the branch `store` of the tree: all parts stand and fall together.
/// The store as its clients see it is at `store/replica`. A member's address is
/// the path of its branch. The folder is `folder` in the data directory.
child_spec store_branch(const store_member& member,
                        const std::string& folder = "store",
                        const store_limits& limits = {});

/// The same, set up as `options` say, whose path is the folder.
child_spec make_store_branch(const store_options& options);

/// Starts a store with nobody above it: when the replica ends so do its parts,
/// and the other way round.
/// It knows no other members.
store_actor spawn_store(caf::actor_system& system, const store_options& options,
                        const store_disk& disk);

/// The same with a disk of its own.
store_actor spawn_store(caf::actor_system& system,
                        const store_options& options);

} // namespace troupe
