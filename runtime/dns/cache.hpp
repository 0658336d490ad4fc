#pragma once

#include "runtime/dns/message.hpp"

#include <chrono>
#include <list>
#include <map>

namespace troupe::dns {

/// Returns how long an answer may be told again: the shortest time of its
/// records, and for an absence what its SOA record says (RFC 2308, section 5).
/// None for what may not: failures, cut answers, absences without a SOA.
std::optional<std::chrono::seconds> lifetime(const message& said);

/// What others said, for as long as it holds. When it is full, what was not
/// asked for longest makes room.
class cache {
public:
  using time = std::chrono::steady_clock::time_point;

  /// `most` bytes are kept, about.
  explicit cache(size_t most) : most_(most) {}

  /// Returns what is known, its times to live shortened by its age.
  std::optional<message> find(const std::string& key, time now);

  void put(const std::string& key, const message& said, time now);

  size_t entries() const { return by_key_.size(); }
  size_t bytes() const { return bytes_; }

private:
  struct entry {
    std::string key;
    std::string packet;
    time since;
    time until;

    size_t size() const { return key.size() + packet.size() + 200; }
  };

  using entries_list = std::list<entry>; // the longest not asked for first

  void erase(entries_list::iterator x);

  size_t most_;
  size_t bytes_ = 0;
  entries_list entries_;
  std::map<std::string, entries_list::iterator> by_key_;
};

/// Tells questions apart that have different answers.
std::string cache_key(const question& what, bool dnssec_ok,
                      bool checking_disabled);

} // namespace troupe::dns
