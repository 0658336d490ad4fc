#pragma once

#include "messages/fields.hpp"
#include "runtime/apply/field_set.hpp"

#include <nlohmann/json_fwd.hpp>

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::apply {

/// How two values of a field become one, and how far into it ownership goes.
enum class merging : uint8_t {
  scalar,
  atomic, ///< whole, whatever it consists of
  record, ///< by members that its type declares
  map,    ///< by key
  set,    ///< a list, by value
  keyed,  ///< a list of records, by some of their members
};

/// What a JSON scalar may be.
enum class scalar_type : uint8_t { number, text, truth, any };

/// How a value is merged. Made of the tables of messages/fields.hpp, and of
/// what Kubernetes declares of whole types.
struct shape {
  merging how = merging::scalar;
  /// Of a record; of the items of a map or a keyed list, where these are
  /// records or scalars that are messages.
  const message_info* type = nullptr;
  /// Where it is declared; null at the top.
  const field_info* field = nullptr;

  /// What its JSON looks like.
  enum class form : uint8_t { scalar, record, map, list, free };
  form json_form() const;
};

struct record_shape;

/// One member of a record in JSON.
struct member_shape {
  std::string element; ///< f:NAME
  const json_member* member = nullptr;
  shape how;

  /// Returns the members of `how.type`, found once.
  const record_shape& inside() const;

  member_shape(std::string name, const json_member* where, shape of)
      : element(std::move(name)), member(where), how(of) {
    // nop
  }
  member_shape(member_shape&& other) noexcept
      : element(std::move(other.element)),
        member(other.member),
        how(other.how) {
    // nop
  }
  member_shape& operator=(member_shape&& other) noexcept {
    element = std::move(other.element);
    member = other.member;
    how = other.how;
    inside_ = nullptr;
    return *this;
  }

private:
  mutable std::atomic<const record_shape*> inside_{nullptr};
};

/// The members of a record.
struct record_shape {
  std::vector<member_shape> members; ///< by element

  const member_shape* find(std::string_view name) const;
};

/// Returns the members of a type. Built at first use, then never changed; safe
/// from any thread.
const record_shape& members_of(const message_info& type);

/// Whether a type is owned whole wherever it stands. Kubernetes: types that are
/// +structType=atomic.
bool is_atomic_type(const message_info& type);

/// Returns the shape of a whole object.
shape object_shape(const message_info& type);

/// Returns the shape of the items of a map or a list.
shape item_shape(const shape& of);

/// Returns what stands for a member that is a key of list items and is not
/// there; nothing when it must be.
std::optional<nlohmann::json> key_default(const shape& list,
                                          std::string_view key);

/// Returns the names of the members that tell the items of a list apart.
const std::vector<std::string>& keys_of(const shape& list);

/// Returns which scalars a field takes.
scalar_type scalar_of(const shape& of);

/// Makes members of all fields on the way that a type declares; those who own
/// `a.b` then own `a`, too.
field_set with_named_parents(const field_set& set, const shape& of);

} // namespace troupe::apply
