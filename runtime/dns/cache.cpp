#include "runtime/dns/cache.hpp"

#include "runtime/dns/wire.hpp"

#include <algorithm>

namespace troupe::dns {

namespace {

using std::chrono::seconds;

// Nothing is believed for longer.
constexpr uint32_t longest = 3600;
constexpr uint32_t longest_absence = 1800;

std::vector<record> message::*const sections[] = {
    &message::answers, &message::authorities, &message::additionals};

std::optional<uint32_t> absence(const message& said) {
  std::optional<uint32_t> out;
  for (auto& x : said.authorities)
    if (auto minimum = soa_minimum(x))
      out = std::min({*minimum, x.ttl, longest_absence});
  return out;
}

} // namespace

std::optional<seconds> lifetime(const message& said) {
  if (said.truncated
      || (said.code != code::no_error && said.code != code::name_error))
    return std::nullopt;
  auto wanted = said.questions.empty() ? 0 : said.questions[0].type;
  auto there =
      std::any_of(said.answers.begin(), said.answers.end(), [&](auto& x) {
        return x.type == wanted || wanted == type::any;
      });
  uint32_t least = longest;
  if (said.code == code::name_error || !there) {
    auto known = absence(said);
    if (!known)
      return std::nullopt;
    least = *known;
  }
  for (auto section : sections)
    for (auto& x : said.*section)
      least = std::min(least, x.ttl);
  if (least == 0)
    return std::nullopt;
  return seconds{least};
}

std::optional<message> cache::find(const std::string& key, time now) {
  auto known = by_key_.find(key);
  if (known == by_key_.end())
    return std::nullopt;
  auto x = known->second;
  if (now >= x->until) {
    erase(x);
    return std::nullopt;
  }
  entries_.splice(entries_.end(), entries_, x);
  auto out = parse(x->packet);
  if (!out)
    return std::nullopt;
  auto age = static_cast<uint32_t>(
      std::chrono::duration_cast<seconds>(now - x->since).count());
  for (auto all : {&out->answers, &out->authorities, &out->additionals})
    for (auto& each : *all)
      each.ttl -= std::min(age, each.ttl);
  return out;
}

void cache::put(const std::string& key, const message& said, time now) {
  auto time_left = lifetime(said);
  if (!time_left)
    return;
  if (auto known = by_key_.find(key); known != by_key_.end())
    erase(known->second);
  entry fresh{key, encode(said), now, now + *time_left};
  // No single answer takes the place of all others.
  if (fresh.size() > most_ / 8)
    return;
  bytes_ += fresh.size();
  by_key_[key] = entries_.insert(entries_.end(), std::move(fresh));
  while (bytes_ > most_)
    erase(entries_.begin());
}

void cache::erase(entries_list::iterator x) {
  bytes_ -= x->size();
  by_key_.erase(x->key);
  entries_.erase(x);
}

std::string cache_key(const question& what, bool dnssec_ok,
                      bool checking_disabled) {
  auto out = what.owner.lower().wire();
  put16(out, what.type);
  put16(out, what.klass);
  out += static_cast<char>((dnssec_ok ? 1 : 0) | (checking_disabled ? 2 : 0));
  return out;
}

} // namespace troupe::dns
