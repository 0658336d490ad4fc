#include "runtime/rules/eviction_pace.hpp"

#include <algorithm>

namespace troupe::rules {

namespace {

// Kubernetes: node-eviction-rate, secondary-node-eviction-rate,
// unhealthy-zone-threshold, large-cluster-size-threshold.
constexpr double usual_rate = 0.1;
constexpr double slow_rate = 0.01;
constexpr double unhealthy_share = 0.55;
constexpr size_t large_zone = 50;

double rate_of(const zone_count& zone) {
  if (state_of(zone) != zone_state::partial)
    return usual_rate;
  return zone.ready + zone.away > large_zone ? slow_rate : 0;
}

} // namespace

zone_state state_of(const zone_count& zone) {
  if (zone.ready == 0 && zone.away > 0)
    return zone_state::full;
  auto share =
      static_cast<double>(zone.away)
      / static_cast<double>(std::max<size_t>(zone.ready + zone.away, 1));
  return zone.away > 2 && share >= unhealthy_share ? zone_state::partial
                                                   : zone_state::normal;
}

void eviction_pace::advance(pace& zone, point now) {
  std::chrono::duration<double> passed = now - zone.at;
  zone.saved = std::min(1.0, zone.saved + passed.count() * zone.rate);
  zone.at = now;
}

void eviction_pace::set(std::map<std::string, zone_count> zones, point now) {
  cut_off_ =
      !zones.empty() && std::all_of(zones.begin(), zones.end(), [](auto& each) {
        return state_of(each.second) == zone_state::full;
      });
  for (auto& [name, count] : zones) {
    auto [zone, fresh] = zones_.try_emplace(name);
    if (fresh)
      zone->second.at = now;
    advance(zone->second, now);
    zone->second.rate = cut_off_ ? 0 : rate_of(count);
  }
  std::erase_if(zones_,
                [&](auto& each) { return zones.count(each.first) == 0; });
}

bool eviction_pace::take(const std::string& zone, point now) {
  auto found = zones_.find(zone);
  if (found == zones_.end() || found->second.rate == 0)
    return false;
  auto& mine = found->second;
  advance(mine, now);
  // A turn that is due by the clock is not missed by rounding.
  constexpr double nearly = 1 - 1e-6;
  if (mine.saved < nearly)
    return false;
  mine.saved = 0;
  return true;
}

std::optional<eviction_pace::point>
eviction_pace::next(const std::string& zone) const {
  auto found = zones_.find(zone);
  if (found == zones_.end() || found->second.rate == 0)
    return std::nullopt;
  auto& mine = found->second;
  std::chrono::duration<double> wait{(1 - mine.saved) / mine.rate};
  return mine.at + std::chrono::ceil<std::chrono::milliseconds>(wait);
}

} // namespace troupe::rules
