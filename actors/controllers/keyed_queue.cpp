#include "actors/controllers/keyed_queue.hpp"

#include <algorithm>

namespace troupe {

namespace {

constexpr std::chrono::milliseconds first_pause{10};
constexpr std::chrono::milliseconds longest_pause{60'000};

std::chrono::milliseconds pause_after(uint32_t failures) {
  auto doublings = std::min(failures - 1, 13u);
  return std::min(first_pause * (1 << doublings), longest_pause);
}

} // namespace

void keyed_queue::mark(const std::string& key) {
  auto& e = entries_[key];
  e.dirty = true;
  push(key, e);
}

void keyed_queue::mark_at(const std::string& key, steady_point when) {
  auto& e = entries_[key];
  if (!e.at || when < *e.at)
    set_time(key, e, when);
}

std::optional<std::string> keyed_queue::take() {
  if (order_.empty())
    return std::nullopt;
  auto key = std::move(order_.front());
  order_.pop_front();
  auto& e = entries_[key];
  e.queued = false;
  e.dirty = false;
  e.busy = true;
  ++busy_;
  set_time(key, e, std::nullopt);
  return key;
}

void keyed_queue::wrote(const std::string& key, size_t view,
                        uint64_t revision) {
  if (view < shown_.size() && shown_[view] >= revision)
    return;
  waits_.emplace(std::make_pair(view, revision), key);
  ++entries_[key].waits;
}

void keyed_queue::done(const std::string& key) {
  auto& e = entries_[key];
  busy_ -= e.busy;
  e.busy = false;
  e.failures = 0;
  settle(key);
}

void keyed_queue::failed(const std::string& key, steady_point now) {
  auto& e = entries_[key];
  busy_ -= e.busy;
  e.busy = false;
  set_time(key, e, now + pause_after(++e.failures));
  settle(key);
}

void keyed_queue::shown(size_t view, uint64_t revision) {
  if (shown_.size() <= view)
    shown_.resize(view + 1);
  shown_[view] = std::max(shown_[view], revision);
  auto from = waits_.lower_bound({view, 0});
  auto to = waits_.upper_bound({view, shown_[view]});
  std::vector<std::string> freed;
  for (auto i = from; i != to; ++i)
    freed.push_back(i->second);
  waits_.erase(from, to);
  for (const auto& key : freed) {
    --entries_[key].waits;
    settle(key);
  }
}

void keyed_queue::keep(const std::function<bool(const std::string&)>& wanted) {
  std::deque<std::string> left;
  for (auto& key : order_) {
    auto found = entries_.find(key);
    if (found->second.failures > 0 || found->second.at || wanted(key))
      left.push_back(std::move(key));
    else
      entries_.erase(found);
  }
  order_ = std::move(left);
}

void keyed_queue::wake(steady_point now) {
  while (!times_.empty() && times_.begin()->first <= now) {
    auto key = times_.begin()->second;
    set_time(key, entries_[key], std::nullopt);
    mark(key);
  }
}

std::optional<steady_point> keyed_queue::due() const {
  if (times_.empty())
    return std::nullopt;
  return times_.begin()->first;
}

void keyed_queue::push(const std::string& key, entry& e) {
  if (!e.dirty || e.queued || e.busy || e.waits > 0)
    return;
  e.queued = true;
  order_.push_back(key);
}

// Queues what can be looked at and forgets what is at rest.
void keyed_queue::settle(const std::string& key) {
  auto found = entries_.find(key);
  auto& e = found->second;
  push(key, e);
  if (!e.dirty && !e.busy && e.waits == 0 && e.failures == 0 && !e.at)
    entries_.erase(found);
}

void keyed_queue::set_time(const std::string& key, entry& e,
                           std::optional<steady_point> when) {
  if (e.at)
    times_.erase({*e.at, key});
  e.at = when;
  if (when)
    times_.emplace(*when, key);
}

} // namespace troupe
