#include "tests/runtime/raft/disk.hpp"

#include <algorithm>
#include <utility>

namespace troupe::raft::sim {

disk::disk(snapshot_mark start, hard_state hard)
    : hard_(hard), start_(std::move(start)) {
  // nop
}

uint64_t disk::finish(size_t count, const watcher& seen) {
  uint64_t number = 0;
  for (; count > 0 && !flying_.empty(); --count) {
    number = flying_.front().number;
    apply(flying_.front(), seen);
    flying_.pop_front();
  }
  return number;
}

void disk::crash(size_t kept, const watcher& seen) {
  finish(kept, seen);
  flying_.clear();
}

void disk::forget(size_t count) {
  entries_.resize(entries_.size() - std::min(count, entries_.size()));
}

configuration disk::members() const {
  auto result = start_.members;
  auto entries = entries_;
  for (auto& x : flying_) {
    if (x.reset)
      entries.clear();
    if (x.start)
      result = x.start->members;
    for (auto& e : x.entries) {
      while (!entries.empty() && entries.back().at.index >= e.at.index)
        entries.pop_back();
      entries.push_back(e);
    }
  }
  for (auto it = entries.rbegin(); it != entries.rend(); ++it)
    if (it->kind == entry_kind::change)
      return *configuration::decode(it->bytes());
  return *result;
}

restored disk::read() const {
  restored result;
  result.hard = hard_;
  result.start = start_;
  result.entries.assign(entries_.begin(), entries_.end());
  return result;
}

void disk::apply(write& x, const watcher& seen) {
  if (x.reset)
    entries_.clear();
  if (x.start) {
    start_ = std::move(*x.start);
    while (!entries_.empty() && entries_.front().at.index <= start_.at.index)
      entries_.pop_front();
  }
  for (auto& e : x.entries) {
    while (!entries_.empty() && entries_.back().at.index >= e.at.index)
      entries_.pop_back();
    seen(e, last());
    entries_.push_back(std::move(e));
  }
  if (x.hard)
    hard_ = *x.hard;
}

} // namespace troupe::raft::sim
