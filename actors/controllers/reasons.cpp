#include "actors/controllers/reasons.hpp"

namespace troupe {

namespace {

constexpr size_t remembered = 5;

} // namespace

void reasons::set(const std::string& key, const std::string& sentence) {
  auto& list = said_[key];
  if (!list.empty() && list.front() == sentence)
    return;
  list.push_front(sentence);
  if (list.size() > remembered)
    list.pop_back();
}

std::vector<std::string> reasons::of(const std::string& key) const {
  auto found = said_.find(key);
  if (found == said_.end())
    return {};
  return {found->second.begin(), found->second.end()};
}

} // namespace troupe
