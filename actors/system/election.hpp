#pragma once

#include "actors/client/api_session.hpp"
#include "actors/system/supervisor.hpp"
#include "messages/interfaces.hpp"
#include "runtime/rules/election.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// One election as this process takes part in it: of all processes that run
/// the same components, one at a time is active. They agree by a Lease in
/// kube-system, as Kubernetes' components do.
///
/// Hears: the Lease from its view; who wants to know how it stands.
/// Says:  takes, renews and gives back the Lease through its session; the term
///        to the components beside it.
/// After a restart: takes over what an earlier life of its process held; the
///        components go on in the term that they know until it tells of
///        another.
///
/// That two processes think themselves active for a moment cannot be helped;
/// that both write can: each write names its term, and the store compares it.
struct election_state {
  static inline const char* name = "election";

  using answer_promise = caf::typed_response_promise<pb<system::Term>>;

  struct waiter {
    caf::actor_addr who;
    uint64_t number = 0;
    std::string holder;
    answer_promise promise;
  };

  std::unique_ptr<context> ctx;
  std::string election; ///< also the Lease's name
  std::string process;
  api_session api;
  rules::election_facts facts;
  uint64_t revision = 0; ///< up to which the Lease is known
  bool untold = false;   ///< the view begins anew, and has not told of it yet
  bool settled = false;  ///< what an earlier life won is ours again, or lost
  std::vector<waiter> waiting;
  std::chrono::milliseconds pause{0}; ///< after the last write that failed
  uint64_t alarm = 0;                 ///< number of the timer that counts
  std::optional<steady_point> alarm_at;
  bool lost = false; ///< the directory ended, and all begins anew
  std::optional<caf::error> leaving; ///< why it ends, once it is to
};

/// Takes part in the election that its path ends with.
election_actor::behavior_type
election(election_actor::stateful_pointer<election_state> self, context ctx);

/// The elections of the scheduler and of the controllers.
constexpr auto scheduler_election = "kube-scheduler";
constexpr auto controllers_election = "kube-controller-manager";

/// The branch `elections`: those of the components that this process runs. It
/// must not take part in others, as it could win them.
child_spec elections_branch(const std::vector<std::string>& names);

} // namespace troupe
