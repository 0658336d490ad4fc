#include "runtime/raft/peer.hpp"

#include <algorithm>

namespace troupe::raft {

void append_window::add(uint64_t last, size_t bytes) {
  sent_.push_back({last, bytes});
  bytes_ += bytes;
}

void append_window::free_to(uint64_t index) {
  while (!sent_.empty() && sent_.front().last <= index) {
    bytes_ -= sent_.front().bytes;
    sent_.pop_front();
  }
}

void append_window::clear() {
  sent_.clear();
  bytes_ = 0;
}

void peer::probe(uint64_t from) {
  now = mode::probe;
  next = from;
  waits = false;
  window.clear();
}

void peer::hold_off() {
  probe(match + 1);
  waits = true;
  full = true;
}

void peer::replicate() {
  now = mode::replicate;
  full = false;
  next = match + 1;
  waits = false;
  window.clear();
}

void peer::fetch(uint64_t index) {
  now = mode::snapshot;
  snapshot = index;
  window.clear();
}

bool peer::paused(const settings& set) const {
  switch (now) {
    case mode::probe:
      return waits;
    case mode::replicate:
      return window.full(set);
    case mode::snapshot:
      return true;
  }
  return true;
}

void peer::sent(uint64_t last, size_t bytes) {
  if (now == mode::probe) {
    waits = true;
  } else if (bytes > 0) {
    next = last + 1;
    window.add(last, bytes);
  }
}

bool peer::accepted(uint64_t index) {
  window.free_to(index);
  if (index <= match)
    return false;
  match = index;
  next = std::max(next, match + 1);
  return true;
}

} // namespace troupe::raft
