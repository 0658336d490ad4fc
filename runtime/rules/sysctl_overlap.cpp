#include "runtime/rules/sysctl_overlap.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace troupe::rules {

namespace {

using words = google::protobuf::RepeatedPtrField<std::string>;

/// Kubernetes: none may be longer, and is told so anyway.
constexpr size_t longest = 253;

bool is_pattern(std::string_view text) {
  return text.ends_with('*');
}

/// A list by what it stands for.
class index {
public:
  explicit index(const words& list) {
    for (int i = 0; i < list.size(); ++i) {
      std::string_view text = list[i];
      if (text.size() > longest)
        continue;
      sorted_.emplace_back(text, i);
      if (is_pattern(text)) {
        text.remove_suffix(1);
        patterns_[text].push_back(i);
        lengths_.insert(text.size());
      }
    }
    std::sort(sorted_.begin(), sorted_.end());
  }

  /// Calls `f` with the places of what stands for `name` too, until it returns
  /// false.
  template <class F>
  void covering(std::string_view name, F f) const {
    for (auto length : lengths_) {
      if (length > name.size())
        break;
      auto found = patterns_.find(name.substr(0, length));
      if (found == patterns_.end())
        continue;
      for (auto i : found->second)
        if (!f(i))
          return;
    }
    each_from(name, f, [&](auto text) { return text == name; });
  }

  /// The same of what begins with `prefix`.
  template <class F>
  void beginning(std::string_view prefix, F f) const {
    each_from(prefix, f, [&](auto text) { return text.starts_with(prefix); });
  }

private:
  template <class F, class While>
  void each_from(std::string_view first, F& f, While still) const {
    auto i = std::lower_bound(sorted_.begin(), sorted_.end(),
                              std::pair<std::string_view, int>{first, -1});
    for (; i != sorted_.end() && still(i->first); ++i)
      if (!f(i->second))
        return;
  }

  std::vector<std::pair<std::string_view, int>> sorted_;
  std::unordered_map<std::string_view, std::vector<int>> patterns_;
  std::set<size_t> lengths_; ///< of the patterns, without their star
};

} // namespace

std::vector<sysctl_overlap> overlaps_of(const words& allowed,
                                        const words& forbidden, size_t most) {
  std::vector<sysctl_overlap> result;
  index known{forbidden};
  for (int i = 0; i < allowed.size() && result.size() < most; ++i) {
    std::string_view text = allowed[i];
    if (text.size() > longest)
      continue;
    // By the place in the second list: whether the first is the narrower one.
    std::map<int, bool> found;
    auto left = most - result.size();
    auto note = [&](bool of_allowed) {
      return [&found, left, of_allowed](int j) {
        found.emplace(j, of_allowed);
        return found.size() < left;
      };
    };
    known.covering(text, note(true));
    if (is_pattern(text) && found.size() < left)
      known.beginning(text.substr(0, text.size() - 1), note(false));
    for (auto [j, of_allowed] : found)
      result.push_back({i, j, of_allowed});
  }
  return result;
}

} // namespace troupe::rules
