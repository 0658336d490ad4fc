#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"
#include "runtime/system/clocks.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace troupe::rules {

/// Leases of elections are in this namespace.
constexpr auto election_namespace = "kube-system";

/// Kubernetes: leaseDuration and renewDeadline of leader election.
struct election_patience {
  std::chrono::seconds lease{15};      ///< others wait for so long
  std::chrono::seconds renew_every{5}; ///< a third of it
  std::chrono::seconds deadline{10};   ///< without a renewal we give up
};

/// What one process knows of an election. How long something has been so is
/// told by its own steady clock: machines' wall clocks differ.
struct election_facts {
  std::string identity; ///< ours: "server-1_INCARNATION"
  std::string earlier;  ///< that of an earlier life of ours; "" for none
  bool known = false;   ///< what follows was seen
  object lease;         ///< the Lease as last seen; none: there is none
  steady_point seen;    ///< when that last changed
  uint64_t term = 0;    ///< the one that we won; 0 for none
  steady_point held;    ///< when the last write that succeeded was sent
  bool busy = false;    ///< a write of ours is on its way
  steady_point pause;   ///< no write before this
};

/// What to do about it.
struct election_decision {
  enum act { wait, acquire, renew };
  bool active = false; ///< still in the term that we won
  act what = wait;
  std::optional<steady_point> look_again; ///< though nothing changes
};

/// Decides for one process. The Lease is taken when there is none, when nobody
/// holds it, when an earlier life of the process does, and when its holder has
/// not renewed it for as long as it says.
election_decision decide_election(const election_facts& facts, steady_point now,
                                  const election_patience& patience = {});

/// Returns who holds the Lease, "" for nobody.
std::string holder_of(const object& lease);

/// Returns whether `identity` is that of some life of the process.
bool is_life_of(const std::string& identity, const std::string& process);

/// Returns the Lease as `identity` takes it, of that name where there is none.
object acquired(const object& lease, const std::string& name,
                const std::string& identity, time_point now,
                const election_patience& patience = {});

/// Returns the Lease as its holder renews it, or gives it back.
object renewed(const object& lease, time_point now);
object released(const object& lease, time_point now);

/// Returns the store's key whose last change is the present term of the
/// election with this Lease; "" when it is not one of an election.
std::string term_key(const object& lease);
std::string term_key(const std::string& election);

/// Returns whether a write of the Lease begins another term, or ends one. None
/// is there before a create, and after a delete.
bool begins_term(const object& before, const object& after);

/// Returns the refusal of a write in a term that is over: a Conflict.
caf::error term_over(const std::string& election);
bool is_term_over(const caf::error& err);

} // namespace troupe::rules
