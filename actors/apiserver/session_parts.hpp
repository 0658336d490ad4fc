#pragma once

#include "actors/apiserver/session.hpp"
#include "messages/codec.hpp"

#include <caf/result.hpp>

#include <functional>
#include <string>

/// What the parts of the session's actor share.
namespace troupe::serving {

/// Of the actor that knows all processes, at its server.
inline const std::string processes_path = "apiserver/processes";

using pointer = command_session_actor::stateful_pointer<session_state>;
using on_backend = std::function<void(const caf::actor&)>;
using on_refusal = std::function<void(const caf::error&)>;

/// Runs `next` with the actor of a path, now or when it is there.
void with_backend(pointer self, const std::string& path, on_backend next);

/// The same for one that need not ever be there: fails soon when it is not.
void with_backend_now(pointer self, const std::string& path, on_backend next,
                      on_refusal failed);

/// The same for an actor of whichever process, by its path in the cluster.
void with_actor(pointer self, const std::string& path, on_backend next,
                on_refusal failed);

/// Whoever asks from another process shows the secret.
caf::error check_sender(pointer self, const std::string& secret);

/// Only members of system:masters may do this.
caf::error check_master(pointer self, const std::string& secret,
                        const std::string& what);

// Processes and their actors.
caf::result<pb<system::ActorList>>
on_list_actors(pointer self, const pb<system::ListActors>& msg);
caf::result<pb<system::Killed>> on_kill(pointer self,
                                        const pb<system::Kill>& msg);
caf::result<pb<system::Enrolled>> on_enroll(pointer self,
                                            const pb<system::Enroll>& msg,
                                            const directory_actor& directory);

/// A log, a command or a container's own streams, wherever the container is.
caf::result<pb<container::StreamOpened>, container_runtime_actor>
on_open_stream(pointer self, const pb<call::OpenStream>& msg,
               const container_stream_actor& to);

/// Fails with Forbidden when the client may not do this.
caf::error check_right(pointer self, const kind_info& kind,
                       const std::string& verb, const std::string& ns,
                       const std::string& name, const std::string& sub);

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
