#include "tests/runtime/raft/network.hpp"

#include <algorithm>
#include <utility>

namespace troupe::raft::sim {

std::vector<uint64_t> network::arrivals(member_id from, member_id to,
                                        uint64_t now, chance& by) {
  std::vector<uint64_t> result;
  size_t copies = by.permille(with_.twice) ? 2 : 1;
  for (size_t i = 0; i < copies; ++i) {
    if (!open(from, to) || by.permille(storm_ ? 500 : with_.lost))
      continue;
    auto delay = by.between(1, with_.delay);
    if (by.permille(with_.late))
      delay *= by.between(2, 50);
    auto at = now + delay;
    auto& last = last_[from][to];
    if (with_.in_order)
      at = std::max(at, last + 1);
    last = std::max(last, at);
    result.push_back(at);
  }
  return result;
}

void network::heal() {
  for (auto& x : cut_)
    x.reset();
}

void network::end_faults() {
  heal();
  calm();
  with_.delay = 5;
  with_.lost = 0;
  with_.twice = 0;
  with_.late = 0;
}

size_t network::put(message x) {
  if (free_.empty()) {
    slots_.push_back(std::move(x));
    return slots_.size() - 1;
  }
  auto slot = free_.back();
  free_.pop_back();
  slots_[slot] = std::move(x);
  return slot;
}

message network::take(size_t slot) {
  free_.push_back(slot);
  return std::exchange(slots_[slot], {});
}

} // namespace troupe::raft::sim
