#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace troupe {

/// The last decisions about each key, as sentences.
class reasons {
public:
  /// Notes a decision; the same one again is not noted twice in a row.
  void set(const std::string& key, const std::string& sentence);

  void forget(const std::string& key) { said_.erase(key); }

  /// Returns the decisions about a key, newest first.
  std::vector<std::string> of(const std::string& key) const;

private:
  std::map<std::string, std::deque<std::string>> said_;
};

} // namespace troupe
