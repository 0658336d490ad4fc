#include "runtime/scheduling/queue.hpp"

#include <algorithm>
#include <vector>

namespace troupe::scheduling {

instant back_off(uint32_t attempts) {
  using namespace std::chrono_literals;
  if (attempts == 0)
    return 0s;
  return attempts > 4 ? 10s : 1s * (1 << (attempts - 1));
}

bool same_needs(const pod_info& a, const pod_info& b) {
  return a.uid == b.uid && a.priority == b.priority
         && a.scheduler_name == b.scheduler_name && a.request == b.request
         && a.ports == b.ports && a.tolerations == b.tolerations
         && a.node_selector == b.node_selector && a.labels == b.labels
         && a.has_required_terms == b.has_required_terms
         && a.required_terms == b.required_terms;
}

void scheduling_queue::put(pod_ptr pod, instant now) {
  auto key = pod->key;
  auto i = items_.find(key);
  if (pod->gated) {
    erase(key);
    return;
  }
  if (i == items_.end()) {
    auto& x = items_[key];
    x.waiting.pod = std::move(pod);
    activate(key, x);
    return;
  }
  auto& x = i->second;
  auto same = same_needs(*x.waiting.pod, *pod);
  auto same_pod = x.waiting.pod->uid == pod->uid;
  take_out(key, x);
  if (!same_pod)
    x.waiting = waiting_pod{};
  x.waiting.pod = std::move(pod);
  if (x.where == place::active)
    active_.insert(turn_of(key, x));
  else if (x.where == place::backing_off && same_pod)
    backing_off_.emplace(x.due, key);
  else if (same)
    unschedulable_.insert(key);
  else
    resume(key, x, now);
}

scheduling_queue::item& scheduling_queue::take_back(waiting_pod pod) {
  auto key = pod.pod->key;
  auto [i, added] = items_.try_emplace(key);
  if (!added) {
    // It was put in again in the meantime: that is the newer version.
    take_out(key, i->second);
    pod.pod = std::move(i->second.waiting.pod);
  }
  i->second.waiting = std::move(pod);
  return i->second;
}

void scheduling_queue::wait(waiting_pod pod) {
  auto key = pod.pod->key;
  auto& x = take_back(std::move(pod));
  x.where = place::unschedulable;
  unschedulable_.insert(key);
}

void scheduling_queue::retry(waiting_pod pod, instant now) {
  auto key = pod.pod->key;
  resume(key, take_back(std::move(pod)), now);
}

void scheduling_queue::erase(const std::string& key) {
  auto i = items_.find(key);
  if (i == items_.end())
    return;
  take_out(key, i->second);
  items_.erase(i);
}

std::optional<waiting_pod> scheduling_queue::pop(instant now) {
  while (!backing_off_.empty() && backing_off_.begin()->first <= now) {
    auto key = backing_off_.begin()->second;
    backing_off_.erase(backing_off_.begin());
    activate(key, items_[key]);
  }
  if (active_.empty())
    return std::nullopt;
  auto key = std::get<2>(*active_.begin());
  auto result = std::move(items_[key].waiting);
  active_.erase(active_.begin());
  items_.erase(key);
  ++result.attempts;
  result.last_attempt = now;
  return result;
}

std::optional<instant> scheduling_queue::next_due() const {
  if (backing_off_.empty())
    return std::nullopt;
  return backing_off_.begin()->first;
}

size_t scheduling_queue::wake(happening what, const node_info& node,
                              instant now) {
  std::vector<std::string> helped;
  for (const auto& key : unschedulable_) {
    const auto& waiting = items_.find(key)->second.waiting;
    if (helps(waiting.kept_out_by, *waiting.pod, what, node))
      helped.push_back(key);
  }
  for (const auto& key : helped) {
    unschedulable_.erase(key);
    resume(key, items_.find(key)->second, now);
  }
  return helped.size();
}

std::string scheduling_queue::situation(const std::string& key,
                                        instant now) const {
  auto i = items_.find(key);
  if (i == items_.end())
    return "is not in the queue";
  const auto& x = i->second;
  auto tries = " after " + std::to_string(x.waiting.attempts)
               + (x.waiting.attempts == 1 ? " attempt" : " attempts");
  switch (x.where) {
    case place::active:
      return "waits for its turn" + tries;
    case place::backing_off: {
      auto rest = std::max(x.due - now, instant{0});
      auto ms =
          std::chrono::duration_cast<std::chrono::milliseconds>(rest).count();
      return "backs off for another " + std::to_string(ms) + " ms" + tries;
    }
    case place::unschedulable:
      break;
  }
  return "waits for a change that lets it in" + tries;
}

void scheduling_queue::activate(const std::string& key, item& x) {
  x.where = place::active;
  x.turn = ++turns_;
  active_.insert(turn_of(key, x));
}

void scheduling_queue::resume(const std::string& key, item& x, instant now) {
  x.due = x.waiting.last_attempt + back_off(x.waiting.attempts);
  if (x.waiting.attempts == 0 || x.due <= now) {
    activate(key, x);
    return;
  }
  x.where = place::backing_off;
  backing_off_.emplace(x.due, key);
}

void scheduling_queue::take_out(const std::string& key, const item& x) {
  switch (x.where) {
    case place::active:
      active_.erase(turn_of(key, x));
      break;
    case place::backing_off:
      backing_off_.erase({x.due, key});
      break;
    case place::unschedulable:
      unschedulable_.erase(key);
      break;
  }
}

scheduling_queue::turn_key scheduling_queue::turn_of(const std::string& key,
                                                     const item& x) const {
  return {-int64_t{x.waiting.pod->priority}, x.turn, key};
}

} // namespace troupe::scheduling
