#include "actors/scheduler/decisions.hpp"

namespace troupe {

void decisions::set(const std::string& key, std::string sentence) {
  auto [i, added] = sentences_.insert_or_assign(key, std::move(sentence));
  if (!added)
    return;
  order_.push_back(key);
  if (order_.size() > most) {
    sentences_.erase(order_.front());
    order_.pop_front();
  }
}

const std::string& decisions::of(const std::string& key) const {
  static const std::string none;
  auto i = sentences_.find(key);
  return i == sentences_.end() ? none : i->second;
}

} // namespace troupe
