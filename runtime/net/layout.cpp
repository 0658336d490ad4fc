#include "runtime/net/layout.hpp"

#include <algorithm>

namespace troupe::net {

namespace {

caf::error too_many(size_t index, size_t room) {
  return make_error(ec::invalid,
                    "node " + std::to_string(index + 1)
                        + ": a cluster on one machine has room for "
                        + std::to_string(room) + " nodes");
}

} // namespace

std::string_view to_string(network_mode x) {
  return x == network_mode::loopback ? "loopback" : "bridge";
}

expected<ipv4> layout::node_address(size_t index) const {
  if (index >= max_nodes)
    return too_many(index, max_nodes);
  return whole_.at(index + 1);
}

expected<cidr> layout::pod_range(size_t index) const {
  if (index >= max_nodes)
    return too_many(index, max_nodes);
  return cidr{pods().at(index << 8), 24};
}

expected<ipv4> simulated_layout::node_address(size_t index) {
  if (index >= max_nodes)
    return too_many(index, max_nodes);
  return ipv4{(10u << 24) + static_cast<uint32_t>(index) + 1};
}

expected<cidr> simulated_layout::pod_range(size_t index) {
  if (index >= max_nodes)
    return too_many(index, max_nodes);
  return cidr{pods().at(index << 8), 24};
}

std::optional<ipv4> address_pool::take(std::string owner) {
  if (auto has = find(owner))
    return has;
  auto usable = range_.size() - 2;
  for (uint64_t i = 0; i < usable; ++i) {
    auto offset = (next_ - 1 + i) % usable + 1;
    auto x = range_.at(offset);
    if (owners_.count(x) > 0)
      continue;
    next_ = offset % usable + 1;
    owners_.emplace(x, owner);
    addresses_.emplace(std::move(owner), x);
    return x;
  }
  return std::nullopt;
}

bool address_pool::claim(ipv4 x, std::string owner) {
  auto offset = uint64_t{x.value} - range_.base.value;
  if (!range_.contains(x) || offset == 0 || offset == range_.size() - 1)
    return false;
  if (auto i = owners_.find(x); i != owners_.end())
    return i->second == owner;
  if (find(owner))
    return false;
  owners_.emplace(x, owner);
  addresses_.emplace(std::move(owner), x);
  return true;
}

void address_pool::release(std::string_view owner) {
  auto i = addresses_.find(owner);
  if (i == addresses_.end())
    return;
  owners_.erase(i->second);
  addresses_.erase(i);
}

std::optional<ipv4> address_pool::find(std::string_view owner) const {
  auto i = addresses_.find(owner);
  if (i == addresses_.end())
    return std::nullopt;
  return i->second;
}

std::optional<cidr> choose_range(const std::vector<cidr>& candidates,
                                 size_t start, const std::vector<cidr>& used) {
  for (size_t i = 0; i < candidates.size(); ++i) {
    auto& x = candidates[(start + i) % candidates.size()];
    if (std::none_of(used.begin(), used.end(),
                     [&](const cidr& y) { return y.overlaps(x); }))
      return x;
  }
  return std::nullopt;
}

std::vector<cidr> candidate_ranges(network_mode mode) {
  std::vector<cidr> out;
  auto add = [&](uint32_t first, uint32_t second) {
    out.push_back({{first << 24 | second << 16}, 16});
  };
  if (mode == network_mode::loopback) {
    // Resolvers and host names live in 127.0 (127.0.0.53, 127.0.1.1).
    for (uint32_t i = 1; i < 255; ++i)
      add(127, i);
  } else {
    // Away from what other networks like to begin with.
    for (uint32_t i = 192; i < 255; ++i)
      if (i != 244)
        add(10, i);
    for (uint32_t i = 20; i < 32; ++i)
      add(172, i);
  }
  return out;
}

} // namespace troupe::net
