#pragma once

#include "messages/container_interface.hpp"

namespace troupe::tunnel {
class Connect;
class SocketNews;
class Wanted;
} // namespace troupe::tunnel

namespace troupe {

/// Connects to pods of its node for others. Errors: forbidden for an address
/// that is none of its pods', service_unavailable when nobody answers there.
using tunnel_actor = caf::typed_actor<
    caf::replies_to<pb<tunnel::Connect>, container_stream_actor>::with<
        pb<container::StreamOpened>, stream_source_actor>>;

} // namespace troupe
