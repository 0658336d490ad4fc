#pragma once

#include <caf/actor_control_block.hpp>

#include <string>

namespace troupe {

/// What lies between actors that are not in one process: connections, which
/// carry messages in order until they break.
class wire_edge {
public:
  virtual ~wire_edge() = default;

  /// Returns whether messages between the actors of the two paths leave a
  /// process.
  virtual bool apart(const std::string& one,
                     const std::string& other) const = 0;

  /// Opens a connection from `owner`, who is or serves the actor at `from`, to
  /// `target`, which is at `to`. Returns `target` as it is seen from there:
  /// what is sent to it travels, its end and the connection's are its DOWN, and
  /// so it is the other way round with the handles that travel.
  ///
  /// A connection that cannot be made breaks some time after. It ends with
  /// its owner.
  virtual caf::strong_actor_ptr dial(const caf::strong_actor_ptr& owner,
                                     const std::string& from,
                                     const std::string& to,
                                     const caf::strong_actor_ptr& target) = 0;
};

} // namespace troupe
