#include "actors/etcd/etcd_steps.hpp"
#include "runtime/etcd/wire.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <utility>

// Renewals of leases share one stream, which answers in order.
namespace troupe::etcd_steps {

namespace {

void open_stream(pointer self) {
  auto& st = self->state;
  auto id = st.renewals_id = ++st.last_id;
  auto me = caf::actor_cast<caf::actor>(self);
  st.renewals = st.channel->open(
      etcd::renew_method, {},
      [id, me](std::string body) {
        caf::anon_send(me, rpc_heard{id, std::move(body)});
      },
      [id, me](rpc::status how) {
        caf::anon_send(me, rpc_ended{id, std::move(how)});
      });
}

} // namespace

void renew(pointer self, etcd_call what) {
  auto& st = self->state;
  if (!st.renewals)
    open_stream(self);
  st.renewals->send(what.request);
  st.renewing.push_back(std::move(what));
}

void on_renewal(pointer self, const rpc_heard& what) {
  auto& st = self->state;
  st.renewals->took();
  if (st.renewing.empty())
    return;
  auto call = std::move(st.renewing.front());
  st.renewing.pop_front();
  call.done(what.body);
}

void on_renewals_ended(pointer self, const rpc_ended& what) {
  auto& st = self->state;
  st.renewals.reset();
  if (etcd::is_elsewhere(what.how)) {
    lose(self, st.connection, what.how);
    return;
  }
  for (auto& call : std::exchange(st.renewing, {}))
    call.done(etcd::to_error(what.how, false));
}

void take_back_renewals(pointer self) {
  auto& st = self->state;
  st.renewals.reset();
  st.renewals_id = 0;
  for (auto& call : std::exchange(st.renewing, {}))
    st.waiting.push_back(std::move(call));
}

} // namespace troupe::etcd_steps
