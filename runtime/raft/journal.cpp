#include "runtime/raft/journal.hpp"

#include "runtime/raft/broken.hpp"

#include <algorithm>
#include <utility>

namespace troupe::raft {

namespace {

constexpr size_t most_held = 4096;

} // namespace

void journal::put(const hard_state& hard) {
  next_.hard = hard;
  hard_write_ = next_number();
  waiting_ = true;
}

void journal::put(const entry& next) {
  if (next.at.index <= last_)
    cut(next.at.index);
  next_.entries.push_back(next);
  last_ = next.at.index;
  waiting_ = true;
}

void journal::put(const snapshot_mark& start, bool reset) {
  next_.start = start;
  waiting_ = true;
  if (!reset)
    return;
  next_.reset = true;
  cut(0);
  last_ = start.at.index;
}

/// What is written at `first` and after it counts no more.
void journal::cut(uint64_t first) {
  auto end = first == 0 ? 0 : first - 1;
  stable_ = std::min(stable_, end);
  for (auto& x : flying_)
    x.last = std::min(x.last, end);
  while (!next_.entries.empty() && next_.entries.back().at.index >= first)
    next_.entries.pop_back();
}

uint64_t journal::write_of(uint64_t index) const {
  if (index <= stable_)
    return 0;
  for (auto& x : flying_)
    if (x.last >= index)
      return x.number;
  return next_number();
}

std::optional<write> journal::take() {
  if (!waiting_)
    return std::nullopt;
  waiting_ = false;
  auto result = std::exchange(next_, {});
  result.number = ++taken_;
  auto logs = !result.entries.empty() || result.reset;
  flying_.push_back({result.number, logs ? last_ : 0});
  return result;
}

void journal::persisted(uint64_t number) {
  if (number > taken_)
    throw broken{"a write is durable that was never asked for"};
  persisted_ = std::max(persisted_, number);
  while (!flying_.empty() && flying_.front().number <= persisted_) {
    stable_ = std::max(stable_, flying_.front().last);
    flying_.pop_front();
  }
}

void journal::hold(message x, uint64_t number) {
  if (held_.size() < most_held)
    held_.push_back({number, std::move(x)});
}

void journal::release(std::vector<message>& to) {
  auto kept = held_.begin();
  for (auto& x : held_) {
    if (durable(x.number))
      to.push_back(std::move(x.what));
    else if (&x != &*kept)
      *kept++ = std::move(x);
    else
      ++kept;
  }
  held_.erase(kept, held_.end());
}

} // namespace troupe::raft
