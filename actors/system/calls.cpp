#include "actors/system/calls.hpp"

#include <algorithm>
#include <vector>

namespace troupe {

void calls::begin(uint64_t id, const caf::strong_actor_ptr& target,
                  on_error failed) {
  auto addr = caf::actor_cast<caf::actor_addr>(target);
  if (targets_.emplace(addr, 0).second)
    self_->monitor(addr);
  flights_.emplace(id, flight{addr, std::move(failed)});
}

bool calls::end(uint64_t id) {
  return flights_.erase(id) > 0;
}

bool calls::on_down(const caf::down_msg& down) {
  if (targets_.erase(down.source) == 0)
    return false;
  std::vector<std::pair<uint64_t, on_error>> failed;
  for (auto i = flights_.begin(); i != flights_.end();) {
    if (i->second.target == down.source) {
      failed.emplace_back(i->first, std::move(i->second.failed));
      i = flights_.erase(i);
    } else {
      ++i;
    }
  }
  std::sort(failed.begin(), failed.end(),
            [](auto& a, auto& b) { return a.first < b.first; });
  auto err = make_error(ec::service_unavailable,
                        "the component that was asked went down");
  for (auto& f : failed)
    f.second(err);
  return true;
}

} // namespace troupe
