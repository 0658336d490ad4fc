#include "actors/store/peers.hpp"

#include "actors/store/member_dialing.hpp"
#include "actors/system/describing.hpp"
#include "actors/system/servers_listener.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/wire_edge.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <string>
#include <vector>

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

using found_promise = caf::typed_response_promise<member_actor>;

/// One that is in this process, or in a simulation.
void find_here(pointer self, const std::string& to,
               const caf::strong_actor_ptr& asker, found_promise promise) {
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
}

void find_there(pointer self, const std::string& place,
                const raft_api::FindMember& whom, found_promise promise) {
  auto& st = self->state;
  dial_member(
      self, st.requests, *st.ctx, place, whom,
      [self, promise](const caf::actor& found) mutable {
        ++self->state.found;
        promise.deliver(caf::actor_cast<member_actor>(found));
      },
      [promise](const caf::error& err) mutable { promise.deliver(err); });
}

caf::result<member_actor> on_find(pointer self,
                                  const raft_api::FindMember& whom) {
  // The promise takes the sender with it.
  auto asker = caf::actor_cast<caf::strong_actor_ptr>(self->current_sender());
  auto promise = self->make_response_promise<member_actor>();
  auto& config = self->state.ctx->config();
  auto place = config.place_of(whom.address());
  if (!place.empty())
    find_there(self, place, whom, promise);
  else
    find_here(self, replica_of(whom.address()), asker, promise);
  return promise;
}

/// Who must know of it beside the group: this process at its next start, and
/// the cluster's other processes.
void on_members(pointer self, const store_api::MemberResponse& now) {
  auto& ctx = *self->state.ctx;
  auto& links = ctx.outside().servers;
  if (!links)
    return;
  if (now.members().empty()) {
    if (links->leave)
      links->leave("member " + std::to_string(now.id())
                   + " was removed from the store's group");
    return;
  }
  auto& config = ctx.config();
  auto own = config.bind_address + ":" + std::to_string(config.port);
  std::vector<member_address> members;
  system::Servers places;
  for (auto& x : now.members()) {
    members.push_back({x.id(), x.address()});
    auto place = config.place_of(x.address());
    places.add_addresses(place.empty() ? own : place);
  }
  if (links->keep_members)
    links->keep_members(members);
  system::Resolve where;
  where.set_path(ctx.beside("apiserver/processes"));
  self->state.requests.ask<caf::actor>(
      ctx.directory(),
      [self,
       msg = pb<system::Servers>{std::move(places)}](const caf::actor& found) {
        self->send(caf::actor_cast<servers_listener_actor>(found), msg);
      },
      [](const caf::error&) {}, pb<system::Resolve>{std::move(where)});
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
      [self](const pb<store_api::MemberResponse>& now) {
        on_members(self, *now);
      },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
