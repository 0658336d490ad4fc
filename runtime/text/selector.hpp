#pragma once

#include "messages/errors.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::meta::v1 {
class LabelSelector;
} // namespace troupe::meta::v1

namespace troupe::text {

/// What a label selector asks of one key.
enum class label_operator : uint8_t {
  equals,
  not_equals, ///< also when the key is missing
  in,
  not_in, ///< also when the key is missing
  exists,
  does_not_exist,
  greater, ///< the value is an integer above the one given
  less,
};

struct label_requirement {
  std::string key;
  label_operator op = label_operator::exists;
  std::vector<std::string> values; ///< sorted, without duplicates

  /// `value` is null when the key is missing.
  bool matches(const std::string* value) const;
  std::string str() const;
};

/// Selects objects by their labels: all requirements must hold.
class label_selector {
public:
  /// Selects everything.
  label_selector() = default;

  static label_selector everything() { return {}; }
  static label_selector nothing();

  /// Parses `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1,m<2`.
  static expected<label_selector> parse(std::string_view str);

  /// Fails where validate_label_selector finds something.
  static expected<label_selector> from(const meta::v1::LabelSelector& msg);

  /// Every pair must be present. `labels` is any map of strings.
  template <class Map>
  static label_selector of(const Map& labels) {
    label_selector result;
    for (auto& [key, value] : labels)
      result.add({key, label_operator::equals, {value}});
    return result;
  }

  /// `labels` is any map of strings: Protobuf's or the standard library's.
  template <class Map>
  bool matches(const Map& labels) const {
    for (auto& r : requirements_) {
      auto it = labels.find(r.key);
      if (!r.matches(it == labels.end() ? nullptr : &it->second))
        return false;
    }
    return !nothing_;
  }

  void add(label_requirement r);

  bool is_everything() const { return !nothing_ && requirements_.empty(); }
  bool is_nothing() const { return nothing_; }

  /// Sorted by key.
  const std::vector<label_requirement>& requirements() const {
    return requirements_;
  }

  /// Prints what parse() reads; empty for everything.
  std::string str() const;

private:
  std::vector<label_requirement> requirements_;
  bool nothing_ = false;
};

/// Returns every fault of `msg`; fields start with `path`.
std::vector<field_error>
validate_label_selector(const meta::v1::LabelSelector& msg,
                        std::string_view path);

/// Selects objects by a few of their fields: `a=b,c==d,e!=f`.
struct field_selector {
  struct term {
    std::string field; ///< such as metadata.name
    std::string value;
    bool equal = true;
  };

  std::vector<term> terms;

  /// A backslash takes the meaning from ',', '=' and itself.
  static expected<field_selector> parse(std::string_view str);

  /// `value_of` returns a field's text, as a string or something like it.
  template <class F>
  bool matches(F&& value_of) const {
    for (auto& t : terms)
      if ((value_of(t.field) == t.value) != t.equal)
        return false;
    return true;
  }

  /// Returns the value that `field` must have; nothing when any will do.
  std::optional<std::string> required(std::string_view field) const;

  std::string str() const;
};

} // namespace troupe::text
