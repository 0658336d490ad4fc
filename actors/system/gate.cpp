#include "actors/system/gate.hpp"

#include "actors/system/passing.hpp"
#include "messages/call.pb.h"
#include "messages/system.pb.h"
#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/proof.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/context.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

namespace {

using pointer = gate_actor::stateful_pointer<gate_state>;

/// Callers that may wait at once; more are turned away.
constexpr size_t most_waiting = 1'000;

/// Passes a request on with the caller as its sender, so that the front door
/// sees who it is and where, and answers directly.
template <class T>
void pass_on(pointer self, const pb<T>& msg) {
  auto& st = self->state;
  auto give = take_message(self, msg);
  if (st.ways.waiting() < most_waiting)
    st.ways.when_open([give](const doors::door& open) { give(open.handle); });
}

pb<raft_api::Nonce> on_ask_nonce(pointer self) {
  auto& nonces = self->state.nonces;
  nonces.push_back(crypto::new_nonce());
  if (nonces.size() > most_waiting)
    nonces.pop_front();
  raft_api::Nonce result;
  result.set_value(nonces.back());
  return pb<raft_api::Nonce>{std::move(result)};
}

/// An error unless a server of this cluster asks.
caf::error check_server(pointer self, const raft_api::FindMember& msg) {
  auto& st = self->state;
  auto nonce = std::find(st.nonces.begin(), st.nonces.end(), msg.nonce());
  if (nonce == st.nonces.end())
    return make_error(ec::unauthorized, "the nonce is not one of ours, or was "
                                        "used already");
  st.nonces.erase(nonce);
  auto who = crypto::verify_proof(st.config->ca_certificate,
                                  {msg.certificate(), msg.signature()},
                                  msg.nonce(), real_world()->now());
  if (!who)
    return who.error();
  if (who->user != crypto::server_user)
    return make_error(ec::forbidden, "User \"" + who->user
                                         + "\" cannot be a member of the "
                                           "store");
  return caf::none;
}

caf::result<caf::actor> on_find(pointer self, const raft_api::FindMember& msg) {
  auto& st = self->state;
  if (auto err = check_server(self, msg))
    return err;
  auto* server = st.config->server_at(msg.address());
  if (server == nullptr || !server->place.empty())
    return make_error(ec::not_found, "no " + msg.address() + " here");
  auto promise = self->make_response_promise<caf::actor>();
  system::Resolve where;
  where.set_path(st.config->top_of(*server) + "store/replica");
  st.requests.ask<caf::actor>(
      st.directory,
      [promise](const caf::actor& found) mutable { promise.deliver(found); },
      [promise](const caf::error& err) mutable { promise.deliver(err); },
      pb<system::Resolve>{std::move(where)});
  return promise;
}

} // namespace

gate_actor::behavior_type gate(pointer self,
                               std::shared_ptr<const cluster_config> config) {
  auto& st = self->state;
  st.requests = calls{self};
  st.ways =
      doors{self, st.requests, config->of_servers("apiserver/front_door")};
  st.config = std::move(config);
  self->set_down_handler([self](const caf::down_msg& down) {
    self->state.requests.on_down(down);
    self->state.ways.on_down(down);
  });
  return {
      [self](const pb<call::AskNonce>& msg) -> caf::delegated<pb<call::Nonce>> {
        pass_on(self, msg);
        return {};
      },
      [self](const pb<call::OpenSession>& msg)
          -> caf::delegated<pb<call::SessionOpened>, session_actor> {
        pass_on(self, msg);
        return {};
      },
      [self](const pb<system::Describe>&) {
        system::Description result;
        result.add_facts("waiting="
                         + std::to_string(self->state.ways.waiting()));
        return pb<system::Description>{std::move(result)};
      },
      [self](const directory_actor& directory) {
        self->state.directory = directory;
        self->state.ways.look_in(directory);
      },
      [self](const pb<raft_api::AskNonce>&) { return on_ask_nonce(self); },
      [self](const pb<raft_api::FindMember>& msg) {
        return on_find(self, *msg);
      },
  };
}

} // namespace troupe
