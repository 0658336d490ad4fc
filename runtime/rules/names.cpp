#include "runtime/rules/names.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/fields.hpp"

namespace troupe::rules {

namespace {

constexpr std::string_view alphabet = "bcdfghjklmnpqrstvwxz2456789";
constexpr size_t suffix_length = 5;
constexpr size_t name_length = 63;

class fnv1a {
public:
  void add(std::string_view bytes) {
    for (char c : bytes) {
      state_ ^= static_cast<unsigned char>(c);
      state_ *= 16777619u;
    }
  }

  uint32_t value() const { return state_; }

private:
  uint32_t state_ = 2166136261u;
};

} // namespace

std::string random_suffix(size_t length, const entropy& next) {
  std::string result;
  for (size_t i = 0; i < length; ++i)
    result += alphabet[next() % alphabet.size()];
  return result;
}

std::string generate_name(std::string_view prefix, const entropy& next) {
  std::string result{prefix.substr(0, name_length - suffix_length)};
  return result + random_suffix(suffix_length, next);
}

std::string safe_encode(uint32_t number) {
  auto result = std::to_string(number);
  for (auto& c : result)
    c = alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return result;
}

std::string template_hash(const core::v1::PodTemplateSpec& pods,
                          std::optional<int32_t> collisions) {
  fnv1a hash;
  hash.add(canonical_bytes(pods));
  if (collisions)
    hash.add(std::to_string(*collisions));
  return safe_encode(hash.value());
}

} // namespace troupe::rules
