#pragma once

#include "actors/apiserver/policy.hpp"
#include "actors/system/brood.hpp"
#include "messages/join_interface.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace troupe {

/// Lets clients in: one session for each.
///
/// Hears: who wants a session; which certificates are no longer good; the
/// newest
///        policy.
/// Says:  answers with a session and its secret; to the directory where it is;
///        the policy to each session.
/// After a restart: its sessions ended with it; their clients open new ones.
///
/// Within the process a component is believed when it says who it is; a client
/// from another process signs a nonce with the key of its certificate. A
/// session ends as soon as the certificate that opened it is revoked. One
/// certificate has so many sessions and no more, unless it is a server's, which
/// speaks for whoever comes to it.
struct front_door_state {
  static inline const char* name = "front_door";

  struct open_session {
    session_actor handle;
    policy_reader_actor reader; ///< the same one
    /// Path of the component, after its user's name where it is in another
    /// process; "" for clients.
    std::string component;
    caf::actor_addr client;
    std::string serial;  ///< of the client's certificate; "" within the process
    bool counts = false; ///< among the sessions of that certificate
  };

  std::unique_ptr<context> ctx;
  brood sessions;
  std::map<caf::actor_addr, open_session> open;
  std::map<std::string, caf::actor_addr> by_component;
  std::map<std::string, size_t> by_serial; ///< how many, of those that count
  std::deque<std::string> nonces;          ///< given out, not used yet
  std::set<std::string> revoked;           ///< serials
  std::shared_ptr<const rules::rbac_policy> policy; ///< none at first
  uint64_t opened = 0;
};

/// The way in, and who hears of revoked certificates and of the policy.
using front_door_of_server =
    guarded_door_actor::extend_with<policy_reader_actor>;

front_door_of_server::behavior_type
front_door(front_door_of_server::stateful_pointer<front_door_state> self,
           context ctx);

} // namespace troupe
