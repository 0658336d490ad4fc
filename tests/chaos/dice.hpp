#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

namespace troupe::test {

/// Whether there is a night to run for.
inline bool nightly() {
  auto* value = std::getenv("TROUPE_NIGHTLY");
  return value != nullptr && *value != '\0' && *value != '0';
}

/// A number from the environment, else `otherwise`.
inline int64_t setting(const char* name, int64_t otherwise) {
  auto* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? std::atoll(value) : otherwise;
}

/// Returns TROUPE_SEED or a fresh seed, and says how to repeat the test.
inline uint64_t seed_of(const std::string& test) {
  auto seed = static_cast<uint64_t>(setting(
      "TROUPE_SEED", static_cast<int64_t>(std::random_device{}() % 1'000'000)));
  std::cout << "repeat: TROUPE_SEED=" << seed
            << " build/test_chaos --gtest_filter=" << test << std::endl;
  return seed;
}

} // namespace troupe::test
