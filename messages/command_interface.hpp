#pragma once

#include "messages/container_interface.hpp"
#include "messages/interfaces.hpp"

namespace troupe::call {
class OpenStream;
} // namespace troupe::call

namespace troupe {

/// A session as the command line sees it: with the way to what runs in pods.
using command_session_actor = session_actor::extend<
    // A log, a command or a container's own streams. They go to the receiver;
    // the answer's runtime takes credit, input and the end.
    caf::replies_to<pb<call::OpenStream>, container_stream_actor>::with<
        pb<container::StreamOpened>, container_runtime_actor>>;

} // namespace troupe
