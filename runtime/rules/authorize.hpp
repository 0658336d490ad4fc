#pragma once

#include "runtime/rules/access.hpp"
#include "runtime/rules/rbac_policy.hpp"

namespace troupe::rules {

/// What can be said of a wish without looking at objects.
enum class decision : uint8_t {
  refused,
  allowed,
  related, ///< a node may if the object has to do with it
};

struct judgement {
  decision what = decision::refused;
  std::string reason; ///< of a refusal what is known, of others for reviews
};

/// Kubernetes: members of system:masters may do everything, a node what
/// concerns it, and everybody what roles say that are bound to them.
judgement judge(const rbac_policy& policy, const caller& who,
                const access& what);

/// Returns whether who proved to be `user` may open sessions as `other`: a
/// server for everybody, since it holds the cluster's key, the controller
/// manager for its controllers.
bool may_speak_for(const std::string& user, const std::string& other);

/// Returns whether the caller is the scheduler or a controller, of which there
/// may be several and one is active.
bool may_stand_for_election(const caller& who);

} // namespace troupe::rules
