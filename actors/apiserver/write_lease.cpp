#include "actors/apiserver/write_job.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/store.pb.h"
#include "runtime/rules/versions.hpp"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using std::chrono::minutes;

/// Kubernetes: event-ttl.
constexpr minutes kept{60};
/// Events that are written within this time end together, so many at most: all
/// of them go in one revision.
constexpr minutes shared{5};
constexpr size_t most_together = 1'000;

bool passes(const kind_info& kind) {
  return &rules::stored_kind(kind) == &kind_of<core::v1::Event>();
}

void grant(registry_state& st, caf::actor_clock& clock) {
  store_api::LeaseGrantRequest msg;
  msg.set_ttl_seconds(
      static_cast<uint64_t>(std::chrono::seconds{kept + shared}.count()));
  auto end = [&st](const caf::error& err) {
    st.lease.asked = false;
    for (auto& f : std::exchange(st.lease.waiting, {}))
      f(err);
  };
  st.requests.ask<pb<store_api::LeaseResponse>>(
      st.store,
      [&st, &clock, end](const pb<store_api::LeaseResponse>& granted) {
        st.lease.id = granted->id();
        st.lease.until = clock.now() + shared;
        st.lease.used = 0;
        end(caf::none);
      },
      end, pb<store_api::LeaseGrantRequest>{std::move(msg)});
}

} // namespace

void with_lease(job_ptr job, std::function<void(uint64_t lease)> next) {
  if (!passes(job->kind())) {
    next(0);
    return;
  }
  auto& lease = job->self->state.lease;
  auto& clock = job->self->clock();
  if (lease.id != 0 && clock.now() < lease.until
      && lease.used < most_together) {
    ++lease.used;
    next(lease.id);
    return;
  }
  lease.waiting.push_back([job, next](const caf::error& err) {
    if (err)
      return job->fail(err);
    auto& granted = job->self->state.lease;
    ++granted.used;
    next(granted.id);
  });
  if (!std::exchange(lease.asked, true))
    grant(job->self->state, clock);
}

} // namespace troupe
