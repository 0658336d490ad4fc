#include "runtime/net/target_chooser.hpp"

#include <algorithm>

namespace troupe::net {

void target_chooser::set(std::vector<endpoint> targets,
                         std::chrono::seconds affinity) {
  targets_ = std::move(targets);
  affinity_ = affinity;
  if (affinity_.count() == 0)
    clients_.clear();
  std::erase_if(clients_, [&](const auto& x) {
    return std::find(targets_.begin(), targets_.end(), x.second.target)
           == targets_.end();
  });
}

std::vector<endpoint> target_chooser::choose(ipv4 client, time now) {
  if (targets_.empty())
    return {};
  auto first = targets_.end();
  if (auto i = clients_.find(client.value); i != clients_.end()) {
    if (now - i->second.last <= affinity_)
      first = std::find(targets_.begin(), targets_.end(), i->second.target);
    else
      clients_.erase(i);
  }
  if (first == targets_.end())
    first = targets_.begin()
            + static_cast<std::ptrdiff_t>(next_++ % targets_.size());
  keep(client, *first, now);
  std::vector<endpoint> out{first, targets_.end()};
  out.insert(out.end(), targets_.begin(), first);
  return out;
}

void target_chooser::keep(ipv4 client, const endpoint& target, time now) {
  if (affinity_.count() == 0
      || std::find(targets_.begin(), targets_.end(), target) == targets_.end())
    return;
  if (clients_.size() >= max_clients && clients_.count(client.value) == 0)
    forget_old(now);
  if (clients_.size() < max_clients || clients_.count(client.value) > 0)
    clients_.insert_or_assign(client.value, bond{target, now});
}

void target_chooser::forget_old(time now) {
  // A full table is walked once a second, not once a connection.
  if (now < next_purge_)
    return;
  next_purge_ = now + std::chrono::seconds{1};
  std::erase_if(clients_,
                [&](const auto& x) { return now - x.second.last > affinity_; });
}

} // namespace troupe::net
