#pragma once

#include "actors/store/member.hpp"
#include "runtime/raft/entry.hpp"
#include "runtime/store/alarms.hpp"

#include <caf/actor_clock.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace troupe {

/// What someone wants to be changed about who takes part.
struct member_wish {
  raft_api::MemberQuestion what;
  caf::typed_response_promise<pb<store_api::MemberResponse>> promise;
  caf::actor_clock::time_point since{};
  bool answered = false;
  /// As a leader: where it is in the log, and whom it is about.
  raft::position at;
  raft::member_id id = 0;
};

using wish_handle = std::shared_ptr<member_wish>;

/// Others were asked something; ends with what has come until then.
struct survey {
  caf::actor_clock::time_point until{};
  std::function<void()> end;
};

/// What a replica knows of the group: who takes part, how each is.
struct group_view {
  raft::member_id last_member = 0; ///< the greatest id that ever was

  std::vector<wish_handle> waiting;   ///< for a leader, or until it can be done
  std::vector<wish_handle> forwarded; ///< the leader was asked
  std::vector<wish_handle> changing;  ///< in the log
  wish_handle moving;                 ///< leadership is being handed over

  bool wants_vote = false; ///< asks to be promoted as long as it learns
  caf::actor_clock::time_point vote_wanted{}; ///< when it last did

  std::vector<survey> surveys;

  /// What the states were after an entry: ours, and what others say.
  std::map<uint64_t, std::map<raft::member_id, uint64_t>> hashes;
  std::set<raft::member_id> odd; ///< hold something else than a majority

  store::alarm_set alarms;
  store::alarm_set changing_alarms; ///< such a change is on its way
  uint64_t quota = 0;               ///< bytes, 0 for no limit
  uint64_t state_bytes = 0;         ///< when it was last measured
  uint64_t grown = 0;               ///< bytes of entries since then
  bool measuring = false;
};

} // namespace troupe
