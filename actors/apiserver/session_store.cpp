#include "actors/apiserver/session_parts.hpp"
#include "messages/store.pb.h"
#include "messages/store_desk.pb.h"
#include "runtime/system/config.hpp"

#include <caf/actor_cast.hpp>
#include <caf/sec.hpp>
#include <caf/stateful_actor.hpp>

// What administrators ask of the store itself, at the member beside us.
namespace troupe::serving {

namespace {

using namespace store_api;

constexpr auto what = "look after the store";

using answer_promise = answer_to<pb<call::StoreAnswer>>;

caf::error in_etcd() {
  return make_error(ec::bad_request, "this cluster keeps its state in an etcd: "
                                     "do it there, with etcdctl");
}

/// Asks the member, and gives its answer as the part of ours that `into` is.
template <class Out, class In, class Into>
void ask_member(pointer self, const caf::actor& member, const In& question,
                Into into, answer_promise promise) {
  self->state.requests.ask<pb<Out>>(
      member,
      [promise, into](const pb<Out>& answer) mutable {
        call::StoreAnswer result;
        *(result.*into)() = *answer;
        promise.deliver(pb<call::StoreAnswer>{std::move(result)});
      },
      [promise](const caf::error& err) mutable {
        // An etcd is somebody else's to look after.
        promise.deliver(err == caf::sec::unexpected_message ? in_etcd() : err);
      },
      pb<In>{question});
}

void ask_member(pointer self, const caf::actor& member,
                const call::StoreQuestion& x, answer_promise promise) {
  using answer = call::StoreAnswer;
  auto members = &answer::mutable_members;
  auto alarms = &answer::mutable_alarms;
  if (x.has_status())
    ask_member<StatusResponse>(self, member, x.status(),
                               &answer::mutable_status, promise);
  else if (x.has_compact())
    ask_member<CompactResponse>(self, member, x.compact(),
                                &answer::mutable_compact, promise);
  else if (x.has_add())
    ask_member<MemberResponse>(self, member, x.add(), members, promise);
  else if (x.has_promote())
    ask_member<MemberResponse>(self, member, x.promote(), members, promise);
  else if (x.has_remove())
    ask_member<MemberResponse>(self, member, x.remove(), members, promise);
  else if (x.has_move_leader())
    ask_member<MemberResponse>(self, member, x.move_leader(), members, promise);
  else if (x.has_hash())
    ask_member<HashResponse>(self, member, x.hash(), &answer::mutable_hash,
                             promise);
  else if (x.has_alarms())
    ask_member<AlarmResponse>(self, member, x.alarms(), alarms, promise);
  else if (x.has_disarm())
    ask_member<AlarmResponse>(self, member, x.disarm(), alarms, promise);
  else
    promise.deliver(make_error(ec::bad_request, "nothing was asked"));
}

} // namespace

caf::result<pb<call::StoreAnswer>>
on_store_question(pointer self, const call::StoreQuestion& msg) {
  if (auto err = check_master(self, msg.secret(), what))
    return err;
  answer_promise promise{self};
  with_backend_now(
      self, self->state.ctx->beside("store/replica"),
      [self, msg, promise](const caf::actor& member) {
        ask_member(self, member, msg, promise);
      },
      [promise](const caf::error& err) mutable { promise.deliver(err); });
  return promise;
}

void on_store_snapshot(pointer self, const call::StoreSnapshot& msg,
                       const snapshot_receiver_actor& to) {
  auto refuse = [self, to, id = msg.begin().id()](const caf::error& err) {
    SnapshotPart part;
    part.set_id(id);
    part.set_number(1);
    part.set_error(message_of(err));
    self->send(to, pb<SnapshotPart>{std::move(part)});
  };
  if (auto err = check_master(self, msg.secret(), what)) {
    refuse(err);
    return;
  }
  if (!self->state.ctx->config().etcd.servers.empty()) {
    refuse(in_etcd());
    return;
  }
  with_backend_now(
      self, self->state.ctx->beside("store/replica"),
      [self, msg, to](const caf::actor& found) {
        auto member = caf::actor_cast<store_group_actor>(found);
        if (msg.has_begin())
          self->send(member, pb<SnapshotRequest>{msg.begin()}, to);
        else if (msg.has_credit())
          self->send(member, pb<SnapshotCredit>{msg.credit()}, to);
        else
          self->send(member, pb<SnapshotCancel>{msg.cancel()}, to);
      },
      refuse);
}

} // namespace troupe::serving
