#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::text {

/// A column of `kubectl get`.
struct table_column {
  std::string name; ///< printed in capitals
  int priority = 0; ///< above 0: only when wide
};

/// Prints rows in aligned columns as kubectl does: three spaces apart, at
/// least six wide, the last one not padded. Columns keep their width from one
/// call to the next, so that the rows of a watch stay aligned.
class table_printer {
public:
  struct options {
    bool wide = false;
    bool headers = true;
  };

  table_printer(std::vector<table_column> columns, options how);

  /// Returns the rows as lines; the first call begins with the headers. Cells
  /// stand in the order of the columns, hidden ones included; a missing cell
  /// is empty, one with several lines is cut after the first.
  std::string print(const std::vector<std::vector<std::string>>& rows);

private:
  using cells = std::vector<std::string>;

  cells visible(const cells& row) const;
  void measure(const cells& row);
  void append(std::string& out, const cells& row) const;

  std::vector<table_column> columns_;
  options how_;
  std::vector<size_t> widths_;
  bool begun_ = false;
};

/// Returns how many columns of a terminal `str` takes, counted in characters.
size_t width_of(std::string_view str);

} // namespace troupe::text
