#pragma once

#include "runtime/system/clocks.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// The keys that a controller has to look at. One at a time per key; a key
/// that was written waits until the view shows that write; one that failed
/// comes again after a pause that doubles. Keys that are marked while they are
/// busy come again once. Remembers nothing of a key that is at rest.
class keyed_queue {
public:
  /// The key is to be looked at as soon as it can be.
  void mark(const std::string& key);

  /// The key is to be looked at again then, unless it is looked at before.
  void mark_at(const std::string& key, steady_point when);

  /// Takes the next key; it is busy until `done` or `failed`.
  std::optional<std::string> take();

  /// A write for a busy key was accepted at that revision; `view` is the
  /// number of the view that will show it.
  void wrote(const std::string& key, size_t view, uint64_t revision);

  /// The key was dealt with.
  void done(const std::string& key);

  /// The key was not dealt with: it comes again after its pause.
  void failed(const std::string& key, steady_point now);

  /// A view has shown everything up to that revision.
  void shown(size_t view, uint64_t revision);

  /// Forgets the keys that are at rest but for being marked, unless they are
  /// wanted.
  void keep(const std::function<bool(const std::string&)>& wanted);

  /// Marks the keys whose time has come.
  void wake(steady_point now);

  /// When `wake` will find something.
  std::optional<steady_point> due() const;

  /// Whether `take` would return a key.
  bool ready() const { return !order_.empty(); }

  size_t busy() const { return busy_; }
  size_t waiting() const { return waits_.size(); }
  size_t size() const { return entries_.size(); }

private:
  struct entry {
    bool dirty = false;
    bool queued = false;
    bool busy = false;
    size_t waits = 0;
    uint32_t failures = 0;
    std::optional<steady_point> at;
  };

  void push(const std::string& key, entry& e);
  void settle(const std::string& key);
  void set_time(const std::string& key, entry& e,
                std::optional<steady_point> when);

  std::map<std::string, entry> entries_;
  std::deque<std::string> order_;
  std::set<std::pair<steady_point, std::string>> times_;
  /// (view, revision) → key
  std::multimap<std::pair<size_t, uint64_t>, std::string> waits_;
  std::vector<uint64_t> shown_; ///< by view
  size_t busy_ = 0;
};

} // namespace troupe
