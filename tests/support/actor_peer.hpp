#pragma once

#include "tests/support/raw_peer.hpp"

#include <cstdint>
#include <string>

namespace troupe::test {

/// A process that speaks CAF's protocol with a server, and says with it what a
/// test wants.
class actor_peer {
public:
  /// Throws when it is not let in. `process` is what makes its identity.
  actor_peer(uint16_t port, const secure_files& files, uint32_t process = 7);

  bool send(const std::string& bytes) { return raw_.send(bytes); }
  bool is_closed() { return raw_.is_closed(); }
  /// Is not closed, as far as one can tell now.
  bool stays() { return !raw_.is_closed(std::chrono::milliseconds(50)); }

  /// Asks the published actor how it is; returns whether an answer comes.
  bool is_answered();
  /// The question, as a frame.
  std::string question() const;

  const std::string& node() const { return node_; }     ///< our identity
  const std::string& theirs() const { return theirs_; } ///< the server's
  uint64_t gate() const { return gate_; } ///< number of the published actor

private:
  raw_peer raw_;
  std::string node_;
  std::string theirs_;
  uint64_t gate_ = 0;
};

} // namespace troupe::test
