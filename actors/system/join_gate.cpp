#include "actors/system/join_gate.hpp"

#include "messages/join.pb.h"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <chrono>
#include <memory>

namespace troupe {

namespace {

using pointer = join_gate_actor::stateful_pointer<join_gate_state>;
using promise = caf::typed_response_promise<pb<join::JoinAnswer>>;

/// Requests that may wait at once; more are turned away.
constexpr size_t most_open = 256;

/// How long to look for a desk that was just killed.
constexpr int64_t patience_ms = 2'000;

/// How long an answer may take altogether.
constexpr std::chrono::seconds answer_patience{20};

join::JoinAnswer refusal(join::Refusal why, const std::string& reason) {
  join::JoinAnswer result;
  result.set_refusal(why);
  result.set_reason(reason);
  return result;
}

void answer(pointer self, promise& to, join::JoinAnswer msg) {
  --self->state.open;
  to.deliver(pb<join::JoinAnswer>{std::move(msg)});
}

void refuse(pointer self, promise& to, const caf::error& err) {
  answer(
      self, to,
      refusal(join::UNAVAILABLE, "the server cannot take anybody in just now: "
                                     + message_of(err)));
}

void ask_desk(pointer self, const caf::actor& desk,
              const pb<join::JoinRequest>& msg, promise to) {
  self->state.requests.ask<pb<join::JoinAnswer>>(
      caf::actor_cast<joining_actor>(desk),
      [self, to](const pb<join::JoinAnswer>& found) mutable {
        answer(self, to, *found);
      },
      [self, to](const caf::error& err) mutable { refuse(self, to, err); },
      msg);
}

caf::result<pb<join::JoinAnswer>> on_join(pointer self,
                                          const pb<join::JoinRequest>& msg) {
  auto& st = self->state;
  if (st.open >= most_open || !st.directory || st.desks.empty())
    return pb<join::JoinAnswer>{
        refusal(join::UNAVAILABLE, "the server is not ready: try again")};
  ++st.open;
  auto to = self->make_response_promise<pb<join::JoinAnswer>>();
  system::Resolve where;
  where.set_path(st.desks[st.turn++ % st.desks.size()]);
  where.set_patience_ms(patience_ms);
  st.requests.ask<caf::actor>(
      st.directory,
      [self, msg, to](const caf::actor& desk) {
        ask_desk(self, desk, msg, to);
      },
      [self, to](const caf::error& err) mutable { refuse(self, to, err); },
      pb<system::Resolve>{std::move(where)});
  return to;
}

/// The place without its port: a process that tries again has another one.
std::string host_of(const std::string& peer) {
  auto colon = peer.rfind(':');
  auto is_ipv6 = peer.find(':') != colon && peer.back() != ']'
                 && peer.find(']') == std::string::npos;
  return colon == std::string::npos || is_ipv6 ? peer : peer.substr(0, colon);
}

} // namespace

join_gate_actor::behavior_type join_gate(pointer self,
                                         std::vector<std::string> desks) {
  auto& st = self->state;
  st.requests = calls{self};
  st.desks = std::move(desks);
  self->set_down_handler([self](const caf::down_msg& down) {
    self->state.requests.on_down(down);
  });
  return {
      [self](const directory_actor& directory) {
        self->state.directory = directory;
      },
      [self](const pb<join::JoinRequest>& msg) { return on_join(self, msg); },
  };
}

std::function<void(std::string, std::string, std::function<void(std::string)>)>
join_service_of(caf::actor_system& system, join_gate_actor gate) {
  return [&system, gate](std::string bytes, std::string peer,
                         std::function<void(std::string)> reply) {
    join::JoinRequest msg;
    if (!msg.ParseFromString(bytes)) {
      reply(refusal(join::MALFORMED, "the request cannot be read")
                .SerializeAsString());
      return;
    }
    msg.set_peer(host_of(peer));
    system.spawn<caf::hidden>([gate, reply = std::move(reply),
                               request = pb<join::JoinRequest>{std::move(msg)}](
                                  caf::event_based_actor* self) {
      self->request(gate, answer_patience, request)
          .then([reply](
                    const pb<join::JoinAnswer>& found) { reply(found.wire()); },
                [reply](const caf::error& err) {
                  reply(refusal(join::UNAVAILABLE, message_of(err))
                            .SerializeAsString());
                });
    });
  };
}

} // namespace troupe
