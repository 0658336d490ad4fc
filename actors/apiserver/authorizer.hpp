#pragma once

#include "actors/apiserver/policy.hpp"
#include "actors/system/calls.hpp"
#include "messages/interfaces.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <array>
#include <map>
#include <memory>
#include <string>

namespace troupe {

/// Keeps all who decide about requests in possession of the newest policy.
///
/// Hears: roles and their bindings from the views of its server.
/// Says:  the policy that they make to the front door, for its sessions, and
///        to the registries of these kinds, whenever it changes.
/// After a restart: sends a policy once its views are complete; until then
///        everybody goes on with the one from before.
///
/// When its server starts, defaults that are not stored yet count as if they
/// were, until they are: the bootstrap is about to write them. Later they
/// count as what they are, missing.
using authorizer_actor = watcher_actor::extend_with<describe_actor>;

/// What the actor remembers between two messages.
struct authorizer_state {
  static inline const char* name = "authorizer";

  /// One of the four kinds; its stream's number is its place here and one.
  struct followed {
    const kind_info* kind = nullptr;
    caf::actor view;
    bool complete = false;
  };

  std::unique_ptr<context> ctx;
  calls requests;
  std::array<followed, 4> kinds;
  rules::rbac_objects stored;
  rules::rbac_objects due; ///< defaults that are to be stored soon
  std::shared_ptr<const rules::rbac_policy> policy;
  std::map<std::string, policy_reader_actor> readers; ///< by path
  uint64_t changes = 0;                               ///< of the policy
};

authorizer_actor::behavior_type
authorizer(authorizer_actor::stateful_pointer<authorizer_state> self,
           context ctx);

} // namespace troupe
