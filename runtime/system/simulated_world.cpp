#include "runtime/system/simulated_world.hpp"

#include "runtime/system/chance.hpp"

#include <map>

namespace troupe {

namespace {

/// FNV-1a: the same in every process, unlike std::hash.
uint64_t hash(uint64_t seed, const std::string& text) {
  auto result = seed ^ 14695981039346656037ULL;
  for (unsigned char c : text)
    result = (result ^ c) * 1099511628211ULL;
  return result;
}

class simulation_world : public world {
public:
  simulation_world(uint64_t seed,
                   std::function<std::chrono::nanoseconds()> clock)
      : seed_(seed), clock_(std::move(clock)) {
    // nop
  }

  time_point now() const override {
    // 2026-01-01, so that ages and dates look like those of real clusters.
    constexpr auto begin = std::chrono::seconds(1'767'225'600);
    return time_point{
        std::chrono::duration_cast<time_point::duration>(begin + clock_())};
  }

  std::function<uint64_t()> entropy(const std::string& path,
                                    uint64_t) const override {
    // A supervisor that was restarted counts its children's incarnations from
    // the beginning; none of them may draw the numbers of one before.
    auto times = ++starts_[path];
    auto state = std::make_shared<uint64_t>(
        hash(seed_ + times * 0x9e3779b97f4a7c15ULL, path));
    return [state] { return next_chance(*state); };
  }

  bool threads() const override { return false; }

private:
  uint64_t seed_;
  std::function<std::chrono::nanoseconds()> clock_;
  /// All actors of a simulation run in one thread.
  mutable std::map<std::string, uint64_t> starts_;
};

} // namespace

std::shared_ptr<const world>
simulated_world(uint64_t seed,
                std::function<std::chrono::nanoseconds()> clock) {
  return std::make_shared<simulation_world>(seed, std::move(clock));
}

} // namespace troupe
