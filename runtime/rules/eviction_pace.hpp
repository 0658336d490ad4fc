#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

namespace troupe::rules {

/// Nodes of one zone by whether they are ready.
struct zone_count {
  size_t ready = 0;
  size_t away = 0;
};

/// Kubernetes: how bad a zone is off.
enum class zone_state {
  normal,
  partial, ///< more than two nodes, and at least 55 %, are away
  full,    ///< no node is ready
};

zone_state state_of(const zone_count& zone);

/// How fast nodes that are away may be emptied, as Kubernetes' node controller
/// does it: one every ten seconds in each zone, the first at once; one every
/// hundred seconds, and none in a zone of up to 50 nodes, while most of a zone
/// is away; none at all while no node of any zone is ready, because then it is
/// rather we who are cut off.
class eviction_pace {
public:
  using point = std::chrono::steady_clock::time_point;

  /// Tells how the zones are now. A zone that is not named has no nodes.
  void set(std::map<std::string, zone_count> zones, point now);

  /// Whether no node of any zone is ready.
  bool is_cut_off() const { return cut_off_; }

  /// Takes the zone's turn, if it is its turn now.
  bool take(const std::string& zone, point now);

  /// Returns when the zone's next turn comes; nothing while there is none.
  std::optional<point> next(const std::string& zone) const;

private:
  struct pace {
    double rate = 0;  ///< turns a second
    double saved = 1; ///< turns, one at most
    point at;         ///< when `saved` was right
  };

  static void advance(pace& zone, point now);

  bool cut_off_ = false;
  std::map<std::string, pace> zones_;
};

} // namespace troupe::rules
