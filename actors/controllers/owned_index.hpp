#pragma once

#include "messages/object.hpp"

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe {

/// Objects by the uid of their controller, and those without one by namespace.
class owned_index {
public:
  /// Either may be none.
  void change(const object& before, const object& now);

  /// Returns what the object with this uid controls, by key.
  std::vector<object> of(const std::string& uid) const;

  /// Returns what nobody controls in a namespace, by key.
  std::vector<object> orphans(const std::string& ns) const;
  bool has_orphans(const std::string& ns) const {
    return orphans_.count(ns) > 0;
  }

private:
  using by_key = std::map<std::string, object>;

  std::unordered_map<std::string, by_key> owned_;
  std::unordered_map<std::string, by_key> orphans_;
};

} // namespace troupe
