#pragma once

#include "messages/errors.hpp"
#include "runtime/text/document.hpp"
#include "runtime/text/json_path.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace troupe::text {

/// Columns that the user chose: `-o custom-columns=NAME:.metadata.name,...`.
class custom_columns {
public:
  /// Fails when `spec` is not a list of HEADER:PATH with commas between.
  static expected<custom_columns> parse(std::string_view spec);

  std::vector<std::string> headers() const;

  /// Returns one row: several results of a path are joined by a comma, none
  /// is `<none>`.
  expected<std::vector<std::string>> row(const document& object) const;

private:
  struct column {
    std::string header;
    json_path path;
  };

  std::vector<column> columns_;
};

} // namespace troupe::text
