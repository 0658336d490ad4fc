#pragma once

#include "messages/command_interface.hpp"
#include "runtime/rules/rbac_policy.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <memory>

namespace troupe {

/// The newest policy. Shared as it is; stays in its process.
struct policy_news {
  std::shared_ptr<const rules::rbac_policy> policy;
};

/// Hears which policy holds from now on.
using policy_reader_actor = caf::typed_actor<caf::reacts_to<policy_news>>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::policy_news)
