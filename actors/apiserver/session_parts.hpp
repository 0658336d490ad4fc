#pragma once

#include "actors/apiserver/session.hpp"
#include "messages/codec.hpp"

#include <caf/result.hpp>

#include <functional>
#include <string>

/// What the parts of the session's actor share.
namespace troupe::serving {

using pointer = command_session_actor::stateful_pointer<session_state>;
using on_backend = std::function<void(const caf::actor&)>;
using on_refusal = std::function<void(const caf::error&)>;

/// Runs `next` with the actor of a path, now or when it is there.
void with_backend(pointer self, const std::string& path, on_backend next);

/// The same for one that need not ever be there: fails soon when it is not.
void with_backend_now(pointer self, const std::string& path, on_backend next,
                      on_refusal failed);

/// Whoever asks from another process shows the secret.
caf::error check_sender(pointer self, const std::string& secret);

/// Only members of system:masters may do this.
caf::error check_master(pointer self, const std::string& secret,
                        const std::string& what);

/// Asks the store's member beside us.
caf::result<pb<call::StoreAnswer>>
on_store_question(pointer self, const call::StoreQuestion& msg);

/// Has it send all that it holds to the receiver.
void on_store_snapshot(pointer self, const call::StoreSnapshot& msg,
                       const snapshot_receiver_actor& to);

/// Why is an object the way it is? Asks everybody who may have decided
/// something about it or about what it comes from.
caf::result<pb<system::Explanation>> on_explain(pointer self,
                                                const pb<system::Explain>& msg);

} // namespace troupe::serving
