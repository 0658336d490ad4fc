#include "actors/controllers/replication.hpp"

#include "messages/api/core_pod.pb.h"
#include "runtime/rules/access.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

replication_actor::behavior_type
replication(replication_actor::stateful_pointer<replication_state> self,
            context ctx) {
  auto& st = self->state;
  st.sets.open(self, ctx, st.loop, kind_of<core::v1::ReplicationController>(),
               rules::controller_user("replication-controller"));
  return controller(self);
}

} // namespace troupe
