#pragma once

#include <caf/actor_system_config.hpp>

#include <cstddef>
#include <string>

namespace troupe {

/// How an actor system of this machine is set up: all message types known, a
/// scheduler that sleeps when there is nothing to do, and, with certificates,
/// the network with mutual TLS. There is no network without.
class actor_config : public caf::actor_system_config {
public:
  /// Without network.
  explicit actor_config(size_t threads);

  /// With network: `credential_file` holds key and certificate in one PEM,
  /// `authority_file` the authority that peers must be signed by. Both must
  /// stay readable as long as the system lives.
  actor_config(size_t threads, const std::string& credential_file,
               const std::string& authority_file);

private:
  void basics(size_t threads);
};

} // namespace troupe
