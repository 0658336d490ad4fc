#pragma once

#include "messages/changes.hpp"
#include "messages/object.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace troupe {

/// What one view has shown so far: the newest objects of a kind by key. The
/// objects are shared with everybody else in the process.
class shown {
public:
  /// Hears of each change; `before` or `now` may be none. Objects that were
  /// deleted while nobody told us come as deleted once all is known again.
  using on_change =
      std::function<void(const object& before, const object& now)>;

  void apply(const changes& batch, const on_change& heard);

  /// Returns none when there is no such object.
  object find(const std::string& key) const;

  const std::map<std::string, object>& all() const { return objects_; }

  /// Returns the objects of one namespace.
  std::vector<object> in(const std::string& ns) const;

  bool complete() const { return complete_; }
  uint64_t revision() const { return revision_; }

private:
  void put(const object& what, const on_change& heard);
  void drop(const std::string& key, const on_change& heard);

  std::map<std::string, object> objects_;
  std::set<std::string> untold_; ///< known before a new beginning
  bool complete_ = false;
  uint64_t revision_ = 0;
};

} // namespace troupe
