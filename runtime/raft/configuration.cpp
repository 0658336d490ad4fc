#include "runtime/raft/configuration.hpp"

#include <algorithm>

namespace troupe::raft {

namespace {

constexpr char format = 1;

void put(std::string& out, uint64_t number) {
  for (auto shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(number >> shift & 0xff));
}

bool take(std::string_view& in, uint64_t& number) {
  if (in.size() < 8)
    return false;
  number = 0;
  for (auto i = 0; i < 8; ++i)
    number = number << 8 | static_cast<unsigned char>(in[i]);
  in.remove_prefix(8);
  return true;
}

bool take(std::string_view& in, member& x) {
  uint64_t length = 0;
  if (!take(in, x.id) || in.empty())
    return false;
  x.voter = in.front() == 1;
  in.remove_prefix(1);
  if (!take(in, length) || length > in.size())
    return false;
  x.address = in.substr(0, length);
  in.remove_prefix(length);
  return x.id != 0;
}

} // namespace

configuration::configuration(std::vector<member> members)
    : members_(std::move(members)) {
  std::sort(members_.begin(), members_.end(),
            [](const member& a, const member& b) { return a.id < b.id; });
  voters_ = static_cast<size_t>(
      std::count_if(members_.begin(), members_.end(),
                    [](const member& x) { return x.voter; }));
}

const member* configuration::find(member_id id) const {
  for (auto& x : members_)
    if (x.id == id)
      return &x;
  return nullptr;
}

bool configuration::has_voter(member_id id) const {
  auto* x = find(id);
  return x != nullptr && x->voter;
}

std::optional<configuration>
configuration::after(const membership_change& change) const {
  using step = membership_change::step;
  auto next = members_;
  auto it = std::find_if(next.begin(), next.end(),
                         [&](const member& x) { return x.id == change.id; });
  if (change.id == 0 || (it == next.end()) != (change.what == step::add))
    return std::nullopt;
  auto was_voter = it != next.end() && it->voter;
  switch (change.what) {
    case step::add:
      next.push_back({change.id, false, change.address});
      break;
    case step::promote:
      if (was_voter)
        return std::nullopt;
      it->voter = true;
      break;
    case step::demote:
      if (!was_voter)
        return std::nullopt;
      it->voter = false;
      break;
    case step::remove:
      next.erase(it);
      break;
    case step::readdress:
      it->address = change.address;
      break;
  }
  configuration result{std::move(next)};
  if (result.voters() == 0)
    return std::nullopt;
  return result;
}

std::string configuration::encode() const {
  std::string out;
  out.push_back(format);
  for (auto& x : members_) {
    put(out, x.id);
    out.push_back(x.voter ? 1 : 0);
    put(out, x.address.size());
    out.append(x.address);
  }
  return out;
}

std::optional<configuration> configuration::decode(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != format)
    return std::nullopt;
  bytes.remove_prefix(1);
  std::vector<member> members;
  while (!bytes.empty()) {
    member x;
    if (!take(bytes, x))
      return std::nullopt;
    members.push_back(std::move(x));
  }
  return configuration{std::move(members)};
}

} // namespace troupe::raft
