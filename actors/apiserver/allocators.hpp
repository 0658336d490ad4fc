#pragma once

#include "actors/apiserver/registry.hpp"
#include "runtime/rules/allocators.hpp"

namespace troupe {

/// Hands out cluster addresses and node ports.
///
/// Hears: Services that need some, writes that failed; Services as they
///        change.
/// Says:  answers with the Service as it was given its addresses and ports.
/// After a restart: learns what is taken from the Services that there are,
///        and answers from then on. What was handed out and is not written
///        yet may be handed out again: the store lets only one be written.
using allocators_full_actor =
    allocators_actor::extend_with<watcher_actor>::extend_with<describe_actor>;

/// What the actor remembers between two messages.
struct allocators_state {
  static inline const char* name = "allocators";

  struct request {
    object wished;
    object before;
    caf::typed_response_promise<object> promise;
  };

  std::unique_ptr<context> ctx;
  calls requests;
  api_actor view; ///< of Services
  std::unique_ptr<rules::service_ranges> ranges;
  std::map<std::string, object> services; ///< by key
  bool ready = false;                     ///< knows all Services
  std::vector<request> waiting;           ///< until then
};

allocators_full_actor::behavior_type
allocators(allocators_full_actor::stateful_pointer<allocators_state> self,
           context ctx);

} // namespace troupe
