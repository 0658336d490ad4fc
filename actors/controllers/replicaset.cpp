#include "actors/controllers/replicaset.hpp"

#include "messages/api/apps.pb.h"
#include "runtime/rules/access.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

replicaset_actor::behavior_type
replicaset(replicaset_actor::stateful_pointer<replicaset_state> self,
           context ctx) {
  auto& st = self->state;
  st.sets.open(self, ctx, st.loop, kind_of<apps::v1::ReplicaSet>(),
               rules::controller_user("replicaset-controller"));
  return controller(self);
}

} // namespace troupe
