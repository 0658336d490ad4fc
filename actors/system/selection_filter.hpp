#pragma once

#include "messages/object.hpp"
#include "runtime/text/selector.hpp"

#include <optional>
#include <string>

namespace troupe {

/// A selection with its selectors parsed.
class selection_filter {
public:
  selection_filter() = default;

  /// Fails with BadRequest when a selector cannot be read or names a field
  /// that this kind cannot be selected by.
  static expected<selection_filter> parse(const kind_info& kind,
                                          const std::string& ns,
                                          const std::string& labels,
                                          const std::string& fields);

  bool matches(const object& what) const;

  const std::string& ns() const { return ns_; }

  /// Returns the value that spec.nodeName must have, if the selection says.
  std::optional<std::string> node() const;

  /// Returns the one name that can match, if the selection says.
  std::optional<std::string> name() const;

private:
  std::string ns_;
  text::label_selector labels_;
  text::field_selector fields_;
};

} // namespace troupe
