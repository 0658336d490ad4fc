#include "actors/store/reader.hpp"

#include "actors/store/telling.hpp"
#include "actors/system/describing.hpp"
#include "messages/system.pb.h"
#include "runtime/store/compaction.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using namespace store_api;
using pointer = reader_actor::stateful_pointer<reader_state>;

expected<std::shared_ptr<store::reading>> look(pointer self) {
  auto& st = self->state;
  if (!st.state)
    return make_error(ec::service_unavailable, "the state is not open");
  ++st.reads;
  return store::reading::of(st.state);
}

caf::result<pb<RangeResponse>> on_range(pointer self,
                                        const RangeRequest& request) {
  auto from = look(self);
  if (!from)
    return std::move(from.error());
  auto found = (*from)->range(request);
  if (!found)
    return told(self, std::move(found.error()));
  return pb<RangeResponse>{std::move(*found)};
}

caf::result<page_handle> on_history(pointer self,
                                    const store::history_request& request) {
  auto from = look(self);
  if (!from)
    return std::move(from.error());
  auto page = (*from)->history(request);
  if (!page)
    return told(self, std::move(page.error()));
  return page_handle{std::make_shared<store::history_page>(std::move(*page))};
}

caf::result<pb<LeaseResponse>>
on_lease_keys(pointer self, const LeaseTimeToLiveRequest& request) {
  auto from = look(self);
  if (!from)
    return std::move(from.error());
  auto keys = (*from)->keys_of(request.id());
  if (!keys)
    return told(self, std::move(keys.error()));
  LeaseResponse result;
  result.set_id(request.id());
  for (auto& key : *keys)
    result.add_keys(std::move(key));
  result.set_revision((*from)->revision());
  return pb<LeaseResponse>{std::move(result)};
}

caf::result<pb<LeaseList>> on_list_leases(pointer self) {
  auto from = look(self);
  if (!from)
    return std::move(from.error());
  auto leases = (*from)->leases();
  if (!leases)
    return told(self, std::move(leases.error()));
  LeaseList result;
  for (const auto& lease : *leases) {
    auto& one = *result.add_leases();
    one.set_id(lease.id);
    one.set_ttl_seconds(lease.ttl_seconds);
    one.set_remaining_seconds(lease.remaining_seconds);
  }
  return pb<LeaseList>{std::move(result)};
}

caf::result<pb<StatusResponse>> on_status(pointer self) {
  if (!self->state.state)
    return make_error(ec::service_unavailable, "the state is not open");
  StatusResponse result;
  result.set_state_bytes(self->state.state->size());
  return pb<StatusResponse>{std::move(result)};
}

caf::result<pb<Scrubbed>> on_scrub(pointer self, const Scrub& request) {
  if (!self->state.state)
    return make_error(ec::service_unavailable, "the state is not open");
  auto progress = store::scrub(self->state.state);
  if (!progress)
    return told(self, std::move(progress.error()));
  if (progress->done && request.reclaim())
    if (auto err = store::reclaim(*self->state.state))
      return told(self, std::move(err));
  Scrubbed result;
  result.set_done(progress->done);
  result.set_removed(progress->removed);
  return pb<Scrubbed>{std::move(result)};
}

pb<system::Description> on_describe(pointer self) {
  auto result = begin_description(self);
  result.add_facts("reads=" + std::to_string(self->state.reads));
  return result;
}

} // namespace

reader_actor::behavior_type reader(pointer self) {
  return {
      [self](const state_handle& x) {
        self->state.state = x;
        self->state.owner =
            caf::actor_cast<caf::actor_addr>(self->current_sender());
      },
      [self](const pb<RangeRequest>& x) { return on_range(self, *x); },
      [self](const store::history_request& x) { return on_history(self, x); },
      [self](const pb<LeaseTimeToLiveRequest>& x) {
        return on_lease_keys(self, *x);
      },
      [self](const pb<ListLeases>&) { return on_list_leases(self); },
      [self](const pb<StatusRequest>&) { return on_status(self); },
      [self](const pb<Scrub>& x) { return on_scrub(self, *x); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
