#pragma once

#include "runtime/raft/entry.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::raft {

/// One who has a copy of the log.
struct member {
  member_id id = 0;
  bool voter = false;  ///< otherwise a learner: it has no say
  std::string address; ///< how the driver reaches it; opaque here

  bool operator==(const member&) const = default;
};

/// A step from one configuration to the next.
struct membership_change {
  enum class step : uint8_t {
    add,       ///< as a learner
    promote,   ///< a learner becomes a voter
    demote,    ///< a voter becomes a learner
    remove,    ///< for ever
    readdress, ///< the same member at another address
  };

  step what = step::add;
  member_id id = 0;
  std::string address; ///< for add and readdress
};

/// Who takes part, in order of their ids.
class configuration {
public:
  configuration() = default;
  explicit configuration(std::vector<member> members);

  const std::vector<member>& members() const { return members_; }
  bool empty() const { return members_.empty(); }
  const member* find(member_id id) const;
  bool has_voter(member_id id) const;
  size_t voters() const { return voters_; }
  /// How many voters are more than half of them.
  size_t majority() const { return voters_ / 2 + 1; }

  /// The configuration after a step; nothing if the step makes no sense here.
  /// One step changes at most one voter, so that any majority of this one and
  /// any of the next have a member in common (thesis, 4.1).
  std::optional<configuration> after(const membership_change& change) const;

  /// As bytes, for the log and the disk.
  std::string encode() const;
  /// Nothing if these are not bytes of encode().
  static std::optional<configuration> decode(std::string_view bytes);

  bool operator==(const configuration& x) const {
    return members_ == x.members_;
  }

private:
  std::vector<member> members_;
  size_t voters_ = 0;
};

/// Shared by marks, messages and the log; never null there.
using configuration_ptr = std::shared_ptr<const configuration>;

/// Everything up to a place, in place of the entries: where a log begins, and
/// the manifest of a snapshot. What the entries made is in the driver's state.
struct snapshot_mark {
  position at;
  configuration_ptr members = std::make_shared<configuration>();
};

} // namespace troupe::raft
