#pragma once

#include "actors/system/calls.hpp"
#include "messages/interfaces.hpp"
#include "messages/store_interface.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

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
/// Hears: writes from sessions; namespaces and priority classes as they
///        change.
/// Says:  transactions to the store, gets to its view, allocations to the
///        allocators.
/// After a restart: needs nothing but its watches. What was being written is
///        there or not; the client is told that the outcome is unknown.
///
/// Every write compares the revision that it was computed from in the same
/// transaction, so that two registries could not undo each other's work.
using registry_actor =
    api_actor::extend_with<watcher_actor>::extend_with<describe_actor>;

/// What the registry remembers between two messages.
struct registry_state {
  static inline const char* name = "registry";

  std::unique_ptr<context> ctx;
  const kind_info* kind = nullptr;
  calls requests;
  store_actor store;
  api_actor view;                          ///< of its own kind
  allocators_actor allocators;             ///< services only
  std::map<std::string, caf::actor> views; ///< of other kinds, by path
  /// Namespaces, for kinds that live in one; by name.
  std::map<std::string, object> namespaces;
  /// Priority classes, for pods; by name.
  std::map<std::string, object> priority_classes;
  uint64_t writes = 0;
};

registry_actor::behavior_type
registry(registry_actor::stateful_pointer<registry_state> self, context ctx,
         const kind_info* kind);

/// Returns the path of the actor of a branch that serves a kind:
/// "apiserver/BRANCH/PLURAL" or "apiserver/BRANCH/PLURAL.GROUP".
std::string resource_path(const std::string& branch, const kind_info& kind);

} // namespace troupe
