#include "actors/system/view_history.hpp"

#include <algorithm>

namespace troupe {

caf::optional<change> seen_through(const selection_filter& filter,
                                   const view_change& x) {
  auto before = x.before && filter.matches(x.before);
  auto now = x.type != change_type::deleted && filter.matches(x.now);
  if (now)
    return change{before ? change_type::modified : change_type::added, x.now};
  if (before)
    return change{change_type::deleted, x.before.with_revision(x.revision)};
  return caf::none;
}

object unparsed(const object& what) {
  if (!what || what.revision() == 0)
    return what;
  // Each revision is another object over the same bytes.
  return what.with_revision(0).with_revision(what.revision());
}

void view_history::forget_parsed() {
  for (auto& each : changes_) {
    each.now = unparsed(each.now);
    each.before = unparsed(each.before);
  }
}

void view_history::begin(uint64_t revision) {
  changes_.clear();
  beginning_ = revision;
}

void view_history::add(view_change x) {
  changes_.push_back(std::move(x));
  if (changes_.size() > limit_) {
    beginning_ = changes_.front().revision;
    changes_.pop_front();
  }
}

std::deque<view_change>::const_iterator
view_history::after(uint64_t revision) const {
  return std::upper_bound(
      changes_.begin(), changes_.end(), revision,
      [](uint64_t r, const view_change& x) { return r < x.revision; });
}

std::map<std::string, object> view_history::undone(uint64_t revision) const {
  std::map<std::string, object> result;
  // The first change of a key since then tells what was there before it.
  for (auto i = after(revision); i != changes_.end(); ++i)
    result.try_emplace(i->now.key(), i->before);
  return result;
}

} // namespace troupe
