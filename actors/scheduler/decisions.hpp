#pragma once

#include <deque>
#include <string>
#include <unordered_map>

namespace troupe {

/// The last decision about each pod, as a sentence; the oldest are forgotten.
class decisions {
public:
  void set(const std::string& key, std::string sentence);

  /// Empty when nothing is known.
  const std::string& of(const std::string& key) const;

private:
  static constexpr size_t most = 4096;

  std::unordered_map<std::string, std::string> sentences_;
  std::deque<std::string> order_; ///< keys, oldest first
};

} // namespace troupe
