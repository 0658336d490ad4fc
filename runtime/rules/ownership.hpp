#pragma once

#include "messages/object.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::meta::v1 {
class ObjectMeta;
class OwnerReference;
} // namespace troupe::meta::v1

namespace troupe::rules {

/// Returns the reference marked `controller`; null when there is none.
const meta::v1::OwnerReference* controller_of(const meta::v1::ObjectMeta& meta);

/// Returns whether `owner` is the controller.
bool controlled_by(const meta::v1::ObjectMeta& meta, const object& owner);

/// Returns the reference of a controller that keeps its owner from going
/// before the dependent in foreground deletion.
meta::v1::OwnerReference controller_reference(const object& owner);

/// Adds or replaces the reference to `owner` as controller.
void adopt(meta::v1::ObjectMeta& meta, const object& owner);

/// Removes every reference to `owner_uid`; returns whether there was one.
bool release(meta::v1::ObjectMeta& meta, std::string_view owner_uid);

/// What a controller does with an object that might be its own.
enum class claim { none, keep, adopt, release };

/// Decides as Kubernetes does: another's object is left alone; our own is kept
/// while it matches, and also when the owner is being deleted; an orphan that
/// matches is adopted unless it or the owner is being deleted.
claim claim_of(const meta::v1::ObjectMeta& meta, const object& owner,
               bool matches);

/// Returns a number for the letters of Kubernetes' generated names, in which
/// no word can appear.
std::string name_letters(uint64_t number, size_t count);

/// Maps each character of `text` to a letter of generated names.
std::string safe_letters(std::string_view text);

/// Returns `base` cut so that the result fits a label, with five letters that
/// depend on everything given and on nothing else. Whoever repeats a create
/// meets its own object.
std::string generated_name(std::string_view base, std::string_view owner_uid,
                           uint64_t revision, uint64_t slot);

/// FNV-1a.
uint32_t fnv32(std::string_view bytes, uint32_t seed = 2166136261u);
uint64_t fnv64(std::string_view bytes, uint64_t seed = 14695981039346656037ull);

} // namespace troupe::rules
