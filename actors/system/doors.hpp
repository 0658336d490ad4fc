#pragma once

#include "actors/system/calls.hpp"
#include "messages/interfaces.hpp"

#include <functional>
#include <string>
#include <vector>

namespace troupe {

/// The front doors of this process's servers, as they are now, and who waits
/// for one.
///
/// Lives in the actor's state. The actor passes every `down_msg` to `on_down`.
class doors {
public:
  /// One that is open.
  struct door {
    std::string path;
    front_door_actor handle;
  };

  doors() = default;
  doors(caf::scheduled_actor* self, calls& requests,
        std::vector<std::string> paths);

  /// Looks for them in a directory; forgets those of another one.
  void look_in(const directory_actor& directory);

  /// Returns one that is open, or null. With another `turn`, another one if
  /// there are several.
  const door* one(size_t turn = 0) const;

  /// Runs `what` with one that is open, as soon as there is: with that of a
  /// path, if one is given.
  void when_open(std::function<void(const door&)> what, std::string path = {});
  size_t waiting() const { return waiting_.size(); }

  /// Looks again for one that ended.
  void on_down(const caf::down_msg& down);

private:
  struct waiter {
    std::string path;
    std::function<void(const door&)> what;
  };

  void seek(size_t which);
  const door* find(const std::string& path) const;

  caf::scheduled_actor* self_ = nullptr;
  calls* requests_ = nullptr;
  directory_actor directory_;
  uint64_t round_ = 0; ///< counts directories
  std::vector<door> all_;
  std::vector<waiter> waiting_;
};

} // namespace troupe
