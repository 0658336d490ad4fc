#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::core::v1 {
class PodTemplateSpec;
} // namespace troupe::core::v1

namespace troupe::rules {

/// Returns the next random number; the caller decides where it comes from.
using entropy = std::function<uint64_t()>;

/// Returns characters that make no words: no vowels and no look-alikes.
std::string random_suffix(size_t length, const entropy& next);

/// Returns `prefix` with five random characters; the prefix is cut so that
/// the name has at most 63.
std::string generate_name(std::string_view prefix, const entropy& next);

/// Writes a number in the alphabet of random_suffix.
std::string safe_encode(uint32_t number);

/// Returns the value of the label pod-template-hash: equal templates have
/// equal hashes in every process. `collisions` is how often another template
/// of the same owner had that hash.
std::string template_hash(const core::v1::PodTemplateSpec& pods,
                          std::optional<int32_t> collisions = std::nullopt);

} // namespace troupe::rules
