#include "actors/controllers/replicaset.hpp"

#include "messages/api/apps.pb.h"

#include <caf/stateful_actor.hpp>

namespace troupe {

replicaset_actor::behavior_type
replicaset(replicaset_actor::stateful_pointer<replicaset_state> self,
           context ctx) {
  auto& st = self->state;
  st.sets.open(self, ctx, st.loop, kind_of<apps::v1::ReplicaSet>(),
               "system:replicaset-controller");
  return controller(self);
}

} // namespace troupe
