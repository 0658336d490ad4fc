#pragma once

#include "actors/system/selection_filter.hpp"
#include "messages/changes.hpp"

#include <caf/optional.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <string>

namespace troupe {

/// One change of a view's objects.
struct view_change {
  uint64_t revision = 0;
  change_type type = change_type::added;
  object now;    ///< of a deletion: as it was last
  object before; ///< none when it was not there
};

/// Returns what a change is to one who sees through a filter; nothing when it
/// never saw the object. Kubernetes: who no longer matches is told of as
/// deleted, as it was before, at the revision of the change.
caf::optional<change> seen_through(const selection_filter& filter,
                                   const view_change& x);

/// Returns the same object without what was parsed of it: its bytes are shared,
/// and whoever else holds it keeps what they have.
object unparsed(const object& what);

/// The newest changes of one kind, so many at most.
class view_history {
public:
  explicit view_history(size_t limit = 2'000) : limit_(limit) {
    // nop
  }

  /// Forgets all; changes after `revision` come next.
  void begin(uint64_t revision);

  void add(view_change x);

  /// Whether every change after `revision` is here.
  bool covers(uint64_t revision) const { return revision >= beginning_; }

  /// The oldest revision that is covered.
  uint64_t beginning() const { return beginning_; }

  const std::deque<view_change>& changes() const { return changes_; }

  /// Returns the first change after `revision`.
  std::deque<view_change>::const_iterator after(uint64_t revision) const;

  /// Frees what was parsed of the objects here.
  void forget_parsed();

  /// Returns what has changed since as it was at `revision`, by key; none
  /// where there was nothing. Precondition: covers(revision).
  std::map<std::string, object> undone(uint64_t revision) const;

private:
  size_t limit_;
  uint64_t beginning_ = 0;
  std::deque<view_change> changes_;
};

} // namespace troupe
