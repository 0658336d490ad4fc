#include "tests/support/linearizability.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <unordered_set>
#include <utility>

namespace troupe::test {

namespace {

using kind = register_call::kind;

/// The register after a call, or nothing if its answer does not fit.
std::optional<std::string> after(const register_call& call,
                                 const std::string& before) {
  switch (call.what) {
    case kind::write:
      return call.value;
    case kind::read:
      if (call.value != before)
        return std::nullopt;
      return before;
    case kind::swap:
      if (!call.open && call.swapped != (before == call.expected))
        return std::nullopt;
      return before == call.expected ? call.value : before;
  }
  return std::nullopt;
}

/// What has taken effect so far, and what the register holds.
struct situation {
  std::string done; ///< '1' for each call that has
  std::string held;
};

class search {
public:
  explicit search(std::vector<register_call> calls) : calls_(std::move(calls)) {
    std::sort(calls_.begin(), calls_.end(),
              [](auto& a, auto& b) { return a.begin < b.begin; });
  }

  bool run() {
    std::vector<situation> open{{std::string(calls_.size(), '0'), ""}};
    while (!open.empty()) {
      auto now = std::move(open.back());
      open.pop_back();
      if (!seen_.insert(now.done + now.held).second)
        continue;
      auto limit = first_end(now);
      if (limit == never)
        return true; // what is left had no answer
      // The likeliest is tried first, and so comes last: one that had an
      // answer, and of those the one that began first.
      push_next(now, limit, true, open);
      push_next(now, limit, false, open);
    }
    return false;
  }

private:
  static constexpr uint64_t never = std::numeric_limits<uint64_t>::max();

  void push_next(const situation& now, uint64_t limit, bool open_ones,
                 std::vector<situation>& to) const {
    for (size_t i = calls_.size(); i-- > 0;) {
      auto& call = calls_[i];
      if (now.done[i] == '1' || call.begin > limit || call.open != open_ones)
        continue;
      auto held = after(call, now.held);
      if (!held)
        continue;
      auto next = now.done;
      next[i] = '1';
      to.push_back({std::move(next), std::move(*held)});
    }
  }

  /// Whatever comes next must have begun before the first of the rest ended.
  uint64_t first_end(const situation& now) const {
    auto result = never;
    for (size_t i = 0; i < calls_.size(); ++i)
      if (now.done[i] == '0' && !calls_[i].open)
        result = std::min(result, calls_[i].end);
    return result;
  }

  std::vector<register_call> calls_;
  std::unordered_set<std::string> seen_;
};

} // namespace

bool is_linearizable(std::vector<register_call> calls) {
  return search{std::move(calls)}.run();
}

} // namespace troupe::test
