#pragma once

#include "messages/errors.hpp"
#include "runtime/transport/tls_files.hpp"
#include "runtime/transport/transport_limits.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/io/middleman_actor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>

namespace troupe {

namespace net {
class unique_fd;
} // namespace net

class connection_book;

/// CAF's connections to other processes, over TLS 1.3 with certificates on
/// both sides. CAF's own module for that is not used: there, one connection
/// that ends or begins badly takes all others along (OpenSSL judges a call by
/// what any other call of the thread left behind), and one that is silent
/// costs a whole core.
///
/// What anybody else may cost is bounded (transport_limits), and so is what
/// each may say, by its certificate: who breaks the rules is disconnected.
class secure_network {
public:
  using join_reply = std::function<void(std::string answer)>;

  /// The system has CAF's middleman; it must outlive this. Throws when there
  /// are no descriptors left.
  secure_network(caf::actor_system& system, secure_files files,
                 const transport_limits& limits = {});
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

  /// Returns the actor that a server published. Fails with ServiceUnavailable
  /// when nobody is there, does not answer in time, is of another authority or
  /// no server, or published something else. Blocks.
  ///
  /// When the connection broke and that is not known yet, the actor is the one
  /// that was there before: who dials again asks it something first.
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

  /// Certificates with these serial numbers, lower-case hexadecimal, are good
  /// for nothing any more: not to connect, nor for connections that are there.
  /// Replaces those of before. From any thread.
  void revoke(std::set<std::string> serials);

  /// From now on, who has no certificate may ask for one at the published
  /// addresses (join_call): `handler` gets what it says and from where, in the
  /// network's thread, and returns at once; `reply` takes the answer, once,
  /// from any thread, also when nobody waits for it any more.
  void
  serve_joins(std::function<void(std::string request, std::string peer_address,
                                 join_reply reply)>
                  handler);

  /// How many connections there are and were. From any thread.
  transport_counts counts() const;

private:
  expected<uint16_t> publish(caf::strong_actor_ptr whom,
                             std::set<std::string> interface,
                             const std::string& address, uint16_t port);
  expected<caf::strong_actor_ptr> dial(const std::set<std::string>& interface,
                                       const std::string& host, uint16_t port,
                                       std::chrono::seconds patience);

  caf::actor_system& system_;
  std::shared_ptr<net::unique_fd> stop_; ///< can be read once dials must end
  std::shared_ptr<connection_book> book_;
  caf::io::middleman_actor middleman_;
};

} // namespace troupe
