#pragma once

#include "messages/errors.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/io/middleman_actor.hpp>

#include <chrono>
#include <set>
#include <string>

namespace troupe {

/// Files, PEM: what this process proves itself with (key and certificate in
/// one), and the authority that peers must be signed by. Read for each
/// connection, so that they may be replaced.
struct secure_files {
  std::string credential;
  std::string authority;
};

/// CAF's connections to other processes, over TLS 1.3 with certificates on
/// both sides. CAF's own module for that is not used: there, one connection
/// that ends or begins badly takes all others along (OpenSSL judges a call by
/// what any other call of the thread left behind), and one that is silent
/// costs a whole core.
class secure_network {
public:
  /// The system has CAF's middleman; it must outlive this.
  secure_network(caf::actor_system& system, secure_files files);
  ~secure_network();

  secure_network(const secure_network&) = delete;
  secure_network& operator=(const secure_network&) = delete;

  /// Lets other processes reach the actor at `address`:`port`, 0 for any port.
  /// Returns the port; fails when it is taken.
  template <class Handle>
  expected<uint16_t> publish(const Handle& whom, const std::string& address,
                             uint16_t port) {
    return publish(caf::actor_cast<caf::strong_actor_ptr>(whom),
                   system_.message_types(whom), address, port);
  }

  /// Returns the actor that another process published. Fails with
  /// ServiceUnavailable when nobody is there, does not answer in time, is of
  /// another authority, or published something else. Blocks.
  template <class Handle>
  expected<Handle> dial(const std::string& host, uint16_t port,
                        std::chrono::seconds patience) {
    auto found = dial(system_.message_types(caf::detail::type_list<Handle>{}),
                      host, port, patience);
    if (!found)
      return found.error();
    return caf::actor_cast<Handle>(std::move(*found));
  }

  /// Who dials without blocking: CAF's `connect`, answered with whoever is
  /// published there.
  const caf::io::middleman_actor& middleman() const { return middleman_; }

private:
  expected<uint16_t> publish(caf::strong_actor_ptr whom,
                             std::set<std::string> interface,
                             const std::string& address, uint16_t port);
  expected<caf::strong_actor_ptr> dial(const std::set<std::string>& interface,
                                       const std::string& host, uint16_t port,
                                       std::chrono::seconds patience);

  caf::actor_system& system_;
  caf::io::middleman_actor middleman_;
};

} // namespace troupe
