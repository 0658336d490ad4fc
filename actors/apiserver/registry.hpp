#pragma once

#include "actors/apiserver/policy.hpp"
#include "actors/system/calls.hpp"
#include "messages/interfaces.hpp"
#include "messages/store_interface.hpp"
#include "runtime/system/clocks.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// Gives a Service the addresses and ports that it needs.
using allocators_actor = caf::typed_actor<
    // A Service to be written and its state before (none on create): the
    // Service with what it was given.
    caf::replies_to<object, object>::with<object>,
    // A Service that was given something could not be written.
    caf::reacts_to<object>>;

/// Writes the objects of one kind: from what a client sent to what the store
/// keeps.
///
/// Hears: writes from sessions; objects of the kinds that admission looks at
///        as they change: namespaces, accounts, classes, budgets; the policy.
/// Says:  transactions to the store, gets to its view, allocations to the
///        allocators.
/// After a restart: needs nothing but its watches. What was being written is
///        there or not; the client is told that the outcome is unknown.
///
/// Every write compares the revision that it was computed from in the same
/// transaction, so that two registries could not undo each other's work.
using registry_actor = api_actor
    // Somebody has waited long enough.
    ::extend<caf::reacts_to<pb<system::Tick>>>
    // Objects of other kinds changed.
    ::extend_with<watcher_actor>::extend_with<describe_actor>
    // Who may give which rights away. Only those of roles and bindings hear it.
    ::extend_with<policy_reader_actor>;

/// Another kind whose objects admission looks at.
struct followed_kind {
  const kind_info* kind = nullptr;
  caf::actor view;
  std::map<std::string, object> objects; ///< by "namespace/name"
  bool complete = false; ///< all that there is was told, at least once
};

/// Creates in a namespace with quotas, one after the other: two that pay from
/// one quota could not be written at once.
struct paying_lane {
  bool busy = false;
  bool draining = false;
  std::deque<std::function<void()>> waiting;
};

/// A write that waits for an object of another kind to be there.
struct waiting_write {
  uint64_t number = 0;
  const kind_info* kind = nullptr;
  std::string key;
  std::function<void(const object&)> go_on; ///< none: it did not come
};

/// The lease of the store that what is written now ends with.
struct passing_lease {
  uint64_t id = 0;    ///< 0 for none yet
  steady_point until; ///< for what is written before
  size_t used = 0;    ///< writes that hang on it
  bool asked = false; ///< the next one is on its way
  std::vector<std::function<void(const caf::error&)>> waiting; ///< for it
};

/// What was found out about who acts on what, for a short while.
struct known_helpers {
  unsigned which = 0; ///< rules::helper
  steady_point until;
};

/// What the registry remembers between two messages.
struct registry_state {
  static inline const char* name = "registry";

  std::unique_ptr<context> ctx;
  const kind_info* kind = nullptr;
  calls requests;
  store_actor store;
  api_actor view;                    ///< of its own kind
  allocators_actor allocators;       ///< services only
  std::vector<followed_kind> others; ///< stream number 1 is the first
  std::vector<waiting_write> waiting;
  passing_lease lease;                              ///< events only
  std::shared_ptr<const rules::rbac_policy> policy; ///< roles, bindings only
  std::map<std::string, paying_lane> lanes;         ///< by namespace
  known_helpers nodes;                              ///< those among them
  known_helpers controllers;                        ///< the same
  uint64_t last_waiting = 0;
  uint64_t writes = 0;

  /// Returns null for a kind that is not followed.
  followed_kind* find_other(const kind_info& kind);
};

registry_actor::behavior_type
registry(registry_actor::stateful_pointer<registry_state> self, context ctx,
         const kind_info* kind);

/// Returns "pods", "deployments.apps", and with the version where a newer one
/// is served too: "horizontalpodautoscalers.v1.autoscaling".
std::string resource_name(const kind_info& kind);

/// Returns the path of the actor of a branch that serves a kind:
/// "apiserver/BRANCH/NAME".
std::string resource_path(const std::string& branch, const kind_info& kind);

} // namespace troupe
