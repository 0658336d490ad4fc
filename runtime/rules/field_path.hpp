#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace troupe::rules {

/// The way to a field, such as spec.containers[0].name, built on the stack
/// while a validator descends and written out only when something is wrong.
///
/// A path refers to its parent, so that the parent must be a named variable:
///
///   field_path spec{"spec"};
///   auto containers = spec.child("containers");
///   auto one = containers[0];
///   one.child("name").str(); // "spec.containers[0].name"
class field_path {
public:
  /// The object itself.
  field_path() = default;

  explicit field_path(std::string_view name) : word_(name) {
    // nop
  }

  /// Returns the path to a member. `name` may hold several steps ("a.b") and
  /// must outlive the path.
  field_path child(std::string_view name) const& {
    return {this, name, step::name, 0};
  }

  /// Returns the path to an element of a list.
  field_path operator[](size_t index) const& {
    return {this, {}, step::index, index};
  }

  /// Returns the path to an entry of a map. `name` must outlive the path.
  field_path key(std::string_view name) const& {
    return {this, name, step::key, 0};
  }

  field_path child(std::string_view) const&& = delete;
  field_path operator[](size_t) const&& = delete;
  field_path key(std::string_view) const&& = delete;

  /// Returns the path as Kubernetes writes it.
  std::string str() const;

private:
  enum class step : char { name, index, key };

  field_path(const field_path* up, std::string_view word, step kind,
             size_t index)
      : up_(up), word_(word), kind_(kind), index_(index) {
    // nop
  }

  void write(std::string& out) const;

  const field_path* up_ = nullptr;
  std::string_view word_;
  step kind_ = step::name;
  size_t index_ = 0;
};

} // namespace troupe::rules
