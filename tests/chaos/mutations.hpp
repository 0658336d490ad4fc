#pragma once

#include "runtime/text/document.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <random>
#include <string>

/// Ways to make a manifest strange.
namespace troupe::test {

struct mutation {
  std::string text;  ///< the manifest
  std::string what;  ///< what was done to it
  std::string field; ///< its last named key; "" where the text was hurt
};

/// Hurts one or a few values of the document.
mutation mutate_values(const text::document& valid, std::mt19937_64& dice);

/// Hurts the text itself, whatever it says.
mutation mutate_text(const std::string& valid, std::mt19937_64& dice);

/// Texts that have hurt other readers: bombs, depth, cycles, bytes. One per
/// number, the same each time; nothing beyond the last.
mutation known_evil(size_t number);

} // namespace troupe::test
