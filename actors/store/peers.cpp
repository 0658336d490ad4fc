#include "actors/store/peers.hpp"

#include "actors/system/describing.hpp"
#include "messages/system.pb.h"
#include "runtime/system/edges.hpp"
#include "runtime/system/wire_edge.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <string>

namespace troupe {

namespace {

using pointer = peers_actor::stateful_pointer<peers_state>;

std::string replica_of(const std::string& store) {
  return store + "/replica";
}

/// The path of the replica beside this actor.
std::string own_replica(const context& ctx) {
  return replica_of(ctx.path().substr(0, ctx.path().rfind('/')));
}

caf::result<member_actor> on_find(pointer self,
                                  const raft_api::FindMember& whom) {
  // The promise takes the sender with it.
  auto asker = caf::actor_cast<caf::strong_actor_ptr>(self->current_sender());
  auto promise = self->make_response_promise<member_actor>();
  auto to = replica_of(whom.address());
  system::Resolve where;
  where.set_path(to);
  self->state.requests.ask<caf::actor>(
      self->state.ctx->directory(),
      [self, promise, asker, to](const caf::actor& found) mutable {
        auto& ctx = *self->state.ctx;
        auto from = own_replica(ctx);
        auto& wires = ctx.outside().wires;
        ++self->state.found;
        auto handle = caf::actor_cast<caf::strong_actor_ptr>(found);
        if (wires && wires->apart(from, to))
          handle = wires->dial(asker, from, to, handle);
        promise.deliver(caf::actor_cast<member_actor>(handle));
      },
      [promise](const caf::error& err) mutable { promise.deliver(err); },
      pb<system::Resolve>{std::move(where)});
  return promise;
}

pb<system::Description> on_describe(pointer self) {
  auto result = begin_description(self);
  result.add_facts("found=" + std::to_string(self->state.found));
  return result;
}

} // namespace

peers_actor::behavior_type peers(pointer self, context ctx) {
  self->state.ctx = std::make_unique<context>(std::move(ctx));
  self->state.requests = calls{self};
  self->set_down_handler([self](const caf::down_msg& down) {
    self->state.requests.on_down(down);
  });
  return {
      [self](const pb<raft_api::FindMember>& x) { return on_find(self, *x); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
