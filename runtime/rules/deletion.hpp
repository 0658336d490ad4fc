#pragma once

#include "messages/errors.hpp"
#include "messages/object.hpp"
#include "messages/time.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace troupe::rules {

/// What a delete asks for.
struct deletion_request {
  std::optional<int64_t> grace_period_seconds;
  std::string propagation_policy; ///< "", Orphan, Background, Foreground
  std::string uid;                ///< precondition; "" for none
  std::string resource_version;   ///< precondition; "" for none
};

/// What becomes of the object.
struct deletion_outcome {
  bool remove = false; ///< it goes now
  object marked;       ///< it stays for now, like this
};

/// Decides what a delete does to an object: it goes at once, or it is marked
/// and stays until its grace period is over or its last finalizer is gone. A
/// further delete of a pod that is on its way can only shorten that. Where no
/// policy is asked for, ReplicationControllers and Jobs leave their pods
/// behind, as Kubernetes has it for these two. Fails with Invalid for options
/// that make no sense and with Conflict when a precondition does not hold.
expected<deletion_outcome> plan_deletion(const object& what,
                                         const deletion_request& request,
                                         time_point now);

/// Returns whether a marked object is to go now that it was changed to this:
/// its grace period is 0 and nothing holds it any more.
bool is_finished(const object& what);

} // namespace troupe::rules
