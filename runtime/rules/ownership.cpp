#include "runtime/rules/ownership.hpp"

#include "messages/api/meta.pb.h"

#include <algorithm>

namespace troupe::rules {

namespace {

constexpr std::string_view alphabet = "bcdfghjklmnpqrstvwxz2456789";

// Kubernetes: a generated name has 63 characters at most, five of them random.
constexpr size_t longest_base = 58;

// Spreads the bits of a sequence so that neighbours look unrelated.
uint64_t mix(uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ull;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

} // namespace

const meta::v1::OwnerReference*
controller_of(const meta::v1::ObjectMeta& meta) {
  for (const auto& ref : meta.owner_references())
    if (ref.controller())
      return &ref;
  return nullptr;
}

bool controlled_by(const meta::v1::ObjectMeta& meta, const object& owner) {
  const auto* ref = controller_of(meta);
  return ref != nullptr && ref->uid() == owner.uid();
}

meta::v1::OwnerReference controller_reference(const object& owner) {
  meta::v1::OwnerReference ref;
  ref.set_api_version(owner.kind().api_version());
  ref.set_kind(std::string{owner.kind().kind});
  ref.set_name(owner.name());
  ref.set_uid(owner.uid());
  ref.set_controller(true);
  ref.set_block_owner_deletion(true);
  return ref;
}

void adopt(meta::v1::ObjectMeta& meta, const object& owner) {
  release(meta, owner.uid());
  *meta.add_owner_references() = controller_reference(owner);
}

bool release(meta::v1::ObjectMeta& meta, std::string_view owner_uid) {
  auto* refs = meta.mutable_owner_references();
  auto kept = std::remove_if(refs->begin(), refs->end(), [&](const auto& ref) {
    return ref.uid() == owner_uid;
  });
  auto found = kept != refs->end();
  refs->erase(kept, refs->end());
  return found;
}

claim claim_of(const meta::v1::ObjectMeta& meta, const object& owner,
               bool matches) {
  auto owner_leaves = owner.meta().has_deletion_timestamp();
  if (const auto* ref = controller_of(meta)) {
    if (ref->uid() != owner.uid())
      return claim::none;
    return matches || owner_leaves ? claim::keep : claim::release;
  }
  if (owner_leaves || !matches || meta.has_deletion_timestamp())
    return claim::none;
  return claim::adopt;
}

std::string name_letters(uint64_t number, size_t count) {
  std::string result;
  for (size_t i = 0; i < count; ++i) {
    result += alphabet[number % alphabet.size()];
    number /= alphabet.size();
  }
  return result;
}

std::string safe_letters(std::string_view text) {
  std::string result;
  for (auto c : text)
    result += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return result;
}

std::string generated_name(std::string_view base, std::string_view owner_uid,
                           uint64_t revision, uint64_t slot) {
  auto seed = mix(fnv64(owner_uid) ^ mix(revision));
  auto letters = name_letters(mix(seed + slot), 5);
  return std::string{base.substr(0, longest_base)} + letters;
}

uint32_t fnv32(std::string_view bytes, uint32_t seed) {
  for (unsigned char c : bytes)
    seed = (seed ^ c) * 16777619u;
  return seed;
}

uint64_t fnv64(std::string_view bytes, uint64_t seed) {
  for (unsigned char c : bytes)
    seed = (seed ^ c) * 1099511628211ull;
  return seed;
}

} // namespace troupe::rules
