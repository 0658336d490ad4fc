#include "runtime/net/service_edge.hpp"

#include <algorithm>

namespace troupe::net {

std::string to_string(const listener_key& x) {
  return to_string(x.at) + "/" + std::string{to_string(x.kind)};
}

void recorded_services::replace(std::vector<listener> all, report tell) {
  listeners_.clear();
  tell_ = std::move(tell);
  update(std::move(all), {});
}

void recorded_services::update(std::vector<listener> changed,
                               std::vector<listener_key> removed) {
  for (auto& key : removed)
    listeners_.erase(key);
  for (auto& x : changed)
    listeners_.insert_or_assign(x.key, std::move(x));
}

service_stats recorded_services::stats() const {
  service_stats out;
  out.listening = static_cast<size_t>(
      std::count_if(listeners_.begin(), listeners_.end(),
                    [](const auto& x) { return !x.second.targets.empty(); }));
  return out;
}

void recorded_services::report_problem(const listener_key& key,
                                       const std::string& reason) {
  if (tell_)
    tell_(key, reason);
}

} // namespace troupe::net
