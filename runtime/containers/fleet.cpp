#include "runtime/containers/fleet.hpp"

namespace troupe::simulation {

held_machine::use held_machine::lock() const {
  use result{seat_->mutex, &seat_->what};
  if (seat_->holder != holder_)
    throw machine_lost{};
  return result;
}

fleet::fleet(script behaviour, uint64_t seed)
    : script_(std::make_shared<const script>(std::move(behaviour))),
      seed_(seed) {
  // nop
}

held_machine fleet::take(const std::string& node) {
  std::lock_guard guard{mutex_};
  auto& seat = seats_[node];
  if (!seat)
    seat = std::make_shared<held_machine::seat>(
        machine{script_, machine_seed(seed_, node)});
  held_machine result;
  std::lock_guard inner{seat->mutex};
  result.holder_ = ++seat->holder;
  result.seat_ = seat;
  return result;
}

void fleet::lose(const std::string& node) {
  std::lock_guard guard{mutex_};
  auto found = seats_.find(node);
  if (found == seats_.end())
    return;
  // Whoever holds it, holds nothing from now on.
  {
    std::lock_guard inner{found->second->mutex};
    ++found->second->holder;
  }
  seats_.erase(found);
}

std::map<std::string, container::State> fleet::look() const {
  std::lock_guard guard{mutex_};
  std::map<std::string, container::State> result;
  for (auto& [node, seat] : seats_) {
    std::lock_guard inner{seat->mutex};
    result[node] = seat->what.state();
  }
  return result;
}

} // namespace troupe::simulation
