#pragma once

#include "runtime/raft/core.hpp"

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace troupe::raft::sim {

/// A promise of Raft is broken.
struct violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What the state machine of one member has come to.
struct machine_state {
  position at;
  uint64_t hash = 0; ///< over everything applied
  configuration_ptr members = std::make_shared<configuration>();
};

/// What must hold at every step, over all members: the properties of figure 3
/// of the paper, and what clients rely on. Each check throws `violation`. They
/// know what members do, never how.
class checks {
public:
  /// The group begins with a state that all its members have.
  explicit checks(const machine_state& founded);

  /// An entry became durable that follows `before`: log matching.
  void stored(member_id id, const entry& x, position before);
  /// A member has moved: election safety, leader completeness, one change of
  /// configuration at a time, nothing goes backwards.
  void stepped(member_id id, const core& now, const status& before);
  /// A member goes by this configuration; its log has that one.
  void configured(member_id id, const configuration& by,
                  const configuration& has) const;
  /// A member has said something: one vote a term.
  void said(const message& x);
  /// A member of this term was given a committed entry: all get the same.
  void handed(member_id id, uint64_t term, const entry& x);
  /// It applies it to its state: in order, each once.
  void applied(member_id id, machine_state& state, const entry& x) const;
  /// Another state takes the place of its own: never an older one.
  void installed(member_id id, const machine_state& old,
                 const machine_state& now) const;

  /// A client was told that its value is never to be seen, or is there.
  void dropped(const std::string& value);
  void acknowledged(const std::string& value, uint64_t index) const;

  /// Where the operation stands that a client begins now: behind all that have
  /// ended. The log is one object with one order, so that this is all there is
  /// to linearizability.
  uint64_t begin() const { return ended_; }
  void wrote(uint64_t begun, uint64_t index);
  void read(uint64_t begun, uint64_t index);

  /// The last entry that any member was given.
  uint64_t committed() const { return base_ + entries_.size(); }
  uint64_t hash_at(uint64_t index) const;
  /// The configuration there.
  const configuration_ptr& members() const { return members_; }

private:
  struct fact {
    uint64_t term = 0;
    uint64_t term_before = 0;
    entry_kind kind = entry_kind::noop;
    payload data;
  };

  struct committed_entry {
    uint64_t term = 0;
    uint64_t seen_in = 0; ///< the term of who was given it first
    payload data;
    uint64_t hash = 0;
  };

  struct leadership {
    uint64_t term = 0;
    uint64_t checked = 0; ///< it has what is committed up to here
    configuration members;
  };

  void lead(member_id id, const core& now, const status& is);
  void change(member_id id, const core& now, const status& is,
              const status& before);
  void commit(uint64_t term, const entry& x);

  uint64_t base_ = 0;
  uint64_t base_hash_ = 0;
  configuration_ptr members_;
  std::vector<committed_entry> entries_;
  std::vector<std::vector<fact>> stored_; ///< by index
  std::unordered_map<uint64_t, member_id> leaders_;
  std::unordered_map<member_id, leadership> leading_;
  std::map<std::pair<member_id, uint64_t>, member_id> votes_;
  std::unordered_map<std::string, uint64_t> values_;
  std::unordered_set<std::string> dropped_;
  uint64_t ended_ = 0;
};

} // namespace troupe::raft::sim
