#pragma once

#include "messages/errors.hpp"
#include "runtime/rules/field_path.hpp"
#include "runtime/rules/rule_context.hpp"

#include <google/protobuf/map.h>

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::rules {

/// A value as an error message shows it: text in quotes, numbers and booleans
/// plain, maps as JSON.
struct shown {
  shown(std::string_view value);
  shown(const std::string& value) : shown(std::string_view{value}) {
    // nop
  }
  shown(const char* value) : shown(std::string_view{value}) {
    // nop
  }
  template <std::integral T>
  shown(T value) : text(std::to_string(value)) {
    // nop
  }
  shown(bool value) : text(value ? "true" : "false") {
    // nop
  }
  shown(const google::protobuf::Map<std::string, std::string>& value);

  std::string text;
};

/// What a validator found, in the order in which it looked. The words are
/// those that users of Kubernetes know.
class findings {
public:
  explicit findings(rule_context context = {}) : context_(std::move(context)) {
    // nop
  }

  const rule_context& context() const { return context_; }

  /// `Required value` or `Required value: detail`.
  void required(const field_path& at, std::string_view detail = {});

  /// `Invalid value: "x": detail`.
  void invalid(const field_path& at, const shown& value,
               std::string_view detail);

  /// One `Invalid value` for each of `problems`.
  void invalid(const field_path& at, std::string_view value,
               const std::vector<std::string>& problems);

  /// `Unsupported value: "x": supported values: "a", "b"`, as given.
  void not_supported(const field_path& at, const shown& value,
                     std::vector<std::string> supported);

  /// `Duplicate value: "x"`.
  void duplicate(const field_path& at, const shown& value);

  /// `Not found: "x"`, for a name that refers to nothing in the object.
  void not_found(const field_path& at, const shown& value);

  /// `Forbidden: detail`.
  void forbidden(const field_path& at, std::string_view detail);

  /// `Too long: must have at most N characters`.
  void too_long(const field_path& at, size_t most,
                std::string_view unit = "characters");

  /// `Too many: N: must have at most M items`.
  void too_many(const field_path& at, size_t have, size_t most);

  /// Takes over what another check found.
  void add(std::vector<field_error> found);

  bool empty() const { return list_.empty(); }

  size_t size() const { return list_.size(); }

  std::vector<field_error> take() { return std::move(list_); }

private:
  rule_context context_;
  std::vector<field_error> list_;
};

} // namespace troupe::rules
