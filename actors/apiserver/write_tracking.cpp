#include "actors/apiserver/write_job.hpp"
#include "runtime/apply/tracking.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

void track_fields(const write_job& job, google::protobuf::Message& msg,
                  const std::string& subresource) {
  // An apply has done it.
  if (job.applied)
    return;
  apply::writer who{job.request->field_manager(), subresource,
                    job.self->state.ctx->now(), job.request->api_version()};
  if (job.request->subresource() == "scale")
    apply::track_scale(msg, job.current, who);
  else
    apply::track_update(msg, job.current, who);
}

} // namespace troupe
