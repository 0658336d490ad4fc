#include "runtime/raft/log.hpp"

#include "runtime/raft/broken.hpp"

#include <algorithm>
#include <utility>

namespace troupe::raft {

log::log(snapshot_mark start, std::vector<entry> entries) {
  reset(std::move(start));
  for (auto& x : entries) {
    if (x.at.index != last().index + 1 || x.at.term < last().term)
      throw broken{"the log has a gap or goes backwards"};
    append(std::move(x));
  }
}

position log::last() const {
  return entries_.empty() ? start_.at : entries_.back().at;
}

const entry& log::at(uint64_t index) const {
  if (index <= start_.at.index || index > last().index)
    throw broken{"an entry is wanted that the log does not have"};
  return entries_[index - start_.at.index - 1];
}

std::optional<uint64_t> log::term_at(uint64_t index) const {
  if (index == start_.at.index)
    return start_.at.term;
  if (index < start_.at.index || index > last().index)
    return std::nullopt;
  return at(index).at.term;
}

position log::last_up_to(uint64_t index, uint64_t term) const {
  // Terms never go backwards in a log.
  auto count = static_cast<std::ptrdiff_t>(std::min(
      entries_.size(), index < start_.at.index ? 0 : index - start_.at.index));
  auto end = entries_.begin() + count;
  auto it = std::upper_bound(
      entries_.begin(), end, term,
      [](uint64_t x, const entry& y) { return x < y.at.term; });
  return it == entries_.begin() ? start_.at : std::prev(it)->at;
}

std::vector<entry> log::slice(uint64_t first, size_t bytes,
                              size_t count) const {
  std::vector<entry> result;
  size_t used = 0;
  for (auto i = first; i <= last().index && result.size() < count; ++i) {
    auto& x = at(i);
    used += x.cost();
    if (!result.empty() && used > bytes)
      break;
    result.push_back(x);
  }
  return result;
}

snapshot_mark log::mark_at(uint64_t index) const {
  auto it = std::upper_bound(
      changes_.begin(), changes_.end(), index,
      [](uint64_t x, const snapshot_mark& y) { return x < y.at.index; });
  return {{*term_at(index), index}, std::prev(it)->members};
}

void log::append(entry next) {
  bytes_ += next.cost();
  if (next.kind == entry_kind::change)
    note_change(next);
  entries_.push_back(std::move(next));
}

void log::cut(uint64_t first) {
  while (!entries_.empty() && entries_.back().at.index >= first) {
    bytes_ -= entries_.back().cost();
    entries_.pop_back();
  }
  while (changes_.size() > 1 && changes_.back().at.index >= first)
    changes_.pop_back();
}

void log::compact(uint64_t index) {
  start_ = mark_at(index);
  while (!entries_.empty() && entries_.front().at.index <= index) {
    bytes_ -= entries_.front().cost();
    entries_.pop_front();
  }
  while (changes_.size() > 1 && changes_[1].at.index <= index)
    changes_.pop_front();
}

void log::reset(snapshot_mark start) {
  start_ = std::move(start);
  entries_.clear();
  changes_.assign(1, start_);
  bytes_ = 0;
}

uint64_t log::trailing(size_t bytes) const {
  size_t used = 0;
  for (auto it = entries_.rbegin(); it != entries_.rend(); ++it) {
    used += it->cost();
    if (used > bytes)
      return it->at.index;
  }
  return start_.at.index;
}

void log::note_change(const entry& change) {
  auto members = configuration::decode(change.bytes());
  if (!members)
    throw broken{"the log holds an unreadable configuration"};
  changes_.push_back(
      {change.at, std::make_shared<configuration>(std::move(*members))});
}

} // namespace troupe::raft
