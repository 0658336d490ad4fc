#include "actors/apiserver/account_tokens.hpp"
#include "actors/apiserver/allocators.hpp"
#include "actors/apiserver/authenticator.hpp"
#include "actors/apiserver/authorizer.hpp"
#include "actors/apiserver/bootstrap.hpp"
#include "actors/apiserver/front_door.hpp"
#include "actors/apiserver/joining.hpp"
#include "actors/apiserver/processes.hpp"
#include "actors/apiserver/registry.hpp"
#include "actors/apiserver/revocation.hpp"
#include "actors/apiserver/signer.hpp"
#include "actors/system/view.hpp"
#include "runtime/rules/versions.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

/// What is stored and read: all but the bodies of subresources and reviews.
bool is_stored(const kind_info& kind) {
  return !kind.plural.empty() && kind.has_verb("list")
         && kind.has_verb("create");
}

template <class F, class... Ts>
std::function<caf::actor(caf::actor_system&, const context&)>
starter(F behavior, Ts... args) {
  return [=](caf::actor_system& sys, const context& ctx) {
    return caf::actor_cast<caf::actor>(sys.spawn(behavior, ctx, args...));
  };
}

} // namespace

child_spec apiserver_branch(bool elections) {
  std::vector<child_spec> views;
  std::vector<child_spec> registries;
  for (auto& kind : all_kinds()) {
    if (!is_stored(kind))
      continue;
    const kind_info* k = &kind;
    views.push_back({resource_name(kind), starter(view, k)});
    if (&rules::stored_kind(kind) == &kind)
      registries.push_back({resource_name(kind), starter(registry, k)});
  }
  return branch(
      "apiserver", {},
      {branch("view", {}, std::move(views)),
       branch("registry", {}, std::move(registries)),
       {"allocators", starter(allocators)},
       {"processes", starter(processes)},
       {"authorizer", starter(authorizer)},
       {"front_door", starter(front_door)},
       {"authenticator", starter(authenticator)},
       {"account_tokens", starter(account_tokens)},
       {"bootstrap", starter(bootstrap)},
       {"joining", starter(join_desk)},
       {"revocation", starter(revocation)},
       {"signer", elections ? starter(signer) : starter(only_signer)}});
}

} // namespace troupe
