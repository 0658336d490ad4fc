#pragma once

#include "runtime/raft/configuration.hpp"
#include "runtime/raft/entry.hpp"
#include "runtime/raft/message.hpp"
#include "runtime/raft/output.hpp"
#include "runtime/raft/settings.hpp"
#include "runtime/raft/status.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::raft {

struct state;

/// One member's part in Raft. Does nothing by itself: whoever drives it says
/// what has happened, in any order, and then does what take() returns. The
/// README has the driver's duties. Throws `broken` where Raft's own promises
/// are; the member must then stop.
class core {
public:
  /// `entropy` returns any number; members must not all get the same ones.
  /// Throws `broken` if what is restored contradicts itself.
  core(const settings& set, restored from, std::function<uint64_t()> entropy);
  core(core&&) noexcept;
  core& operator=(core&&) noexcept;
  ~core();

  // -- what has happened ------------------------------------------------------

  /// The unit of all times has passed.
  void tick();
  /// A message came in.
  void receive(message x);
  /// This write and all before it are durable.
  void persisted(uint64_t number);
  /// The connection to a member has gone: no more than a hint.
  void suspect(member_id peer);

  // -- what is wanted ---------------------------------------------------------

  /// Puts bytes into the log.
  proposal propose(std::string data);
  proposal propose(payload data);
  /// Takes one step in the configuration.
  proposal change(const membership_change& step);
  /// Hands leadership to a voter. Proposals are refused until that has
  /// happened or an election timeout has passed.
  refusal transfer(member_id to);
  /// Stands for election at once, for who knows that nobody leads: a group that
  /// was founded just now need not wait for silence. Disturbs no leader: it
  /// begins with a pre-vote. Does nothing as a leader, and for who has no vote.
  void campaign();
  /// Asks up to where a read that begins now must wait. Whoever is asked keeps
  /// on until there is a leader with a majority, so `token` may come late, and
  /// should stand for many reads rather than one.
  void read(uint64_t token);

  // -- snapshots --------------------------------------------------------------

  /// The state holds entries up to `index`, durably.
  void compact(uint64_t index);
  /// A state that was to be fetched is here, complete and durable, and holds
  /// everything up to the mark. Returns whether it is of use; `install` then
  /// follows. Otherwise it is no newer than what is here and must go.
  bool fetched(const snapshot_mark& mark);
  /// The fetch has failed; there may be another.
  void fetch_failed();

  // -- what follows -----------------------------------------------------------

  /// What is to be done since the last time.
  output take();

  status now() const;
  /// As a leader: how the others are. Otherwise empty.
  std::vector<peer_status> peers() const;
  /// Who takes part, as the log has it, committed or not.
  const configuration& members() const;
  /// The term of an entry that is in the log or just before it.
  std::optional<uint64_t> term_at(uint64_t index) const;
  /// The mark of such an entry.
  snapshot_mark mark_at(uint64_t index) const;

private:
  std::unique_ptr<state> state_;
};

} // namespace troupe::raft
