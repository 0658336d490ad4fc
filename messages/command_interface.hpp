#pragma once

#include "messages/container_interface.hpp"
#include "messages/interfaces.hpp"
#include "messages/store_group_interface.hpp"

namespace troupe::call {
class OpenStream;
class StoreAnswer;
class StoreQuestion;
class StoreSnapshot;
} // namespace troupe::call

namespace troupe {

/// A session as the command line sees it: with the way to what runs in pods,
/// and for administrators to the store itself.
using command_session_actor = session_actor::extend<
    // A log, a command, a container's own streams, or a connection to a pod.
    // They go to the receiver;
    // the answer's source takes credit, input and the end.
    caf::replies_to<pb<call::OpenStream>, container_stream_actor>::with<
        pb<container::StreamOpened>, stream_source_actor>,
    // Who takes part in the store, what it holds.
    caf::replies_to<pb<call::StoreQuestion>>::with<pb<call::StoreAnswer>>,
    // All that it holds, for the receiver.
    caf::reacts_to<pb<call::StoreSnapshot>, snapshot_receiver_actor>,
    // A process of the cluster is there, with this directory.
    caf::replies_to<pb<system::Enroll>,
                    directory_actor>::with<pb<system::Enrolled>>>;

} // namespace troupe
