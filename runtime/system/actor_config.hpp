#pragma once

#include <caf/actor_system_config.hpp>

#include <cstddef>

namespace troupe {

/// Whether an actor system speaks to other processes. If it does, it does so
/// through a secure_network of its own.
enum class reach { alone, other_processes };

/// How an actor system of this machine is set up: all message types known, a
/// scheduler that sleeps when there is nothing to do.
class actor_config : public caf::actor_system_config {
public:
  explicit actor_config(size_t threads, reach how = reach::alone);
};

} // namespace troupe
