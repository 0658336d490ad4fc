#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"

#include <span>
#include <string>
#include <vector>

namespace troupe::printing {

/// How a table is to look.
struct table_options {
  time_point now{};
  bool wide = false;
  bool no_headers = false;
  bool with_namespace = false; ///< a first column NAMESPACE
  bool with_kind = false;      ///< names as "pod/web", "deployment.apps/web"
  bool show_labels = false;    ///< a last column LABELS
  std::vector<std::string> label_columns; ///< one column per label key
};

/// Rows of text. The header is empty when none is wanted.
struct table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

/// Lists objects as `kubectl get` does. All are of one kind: print a mixed list
/// kind by kind.
table print_table(std::span<const object> objects,
                  const table_options& options);

/// Lays tables out in columns, three blanks apart. Widths only grow, so that
/// the rows of a watch stay below each other.
class table_layout {
public:
  /// Returns the lines of a table, each ended by a newline. Tables with another
  /// number of columns start anew.
  std::string add(const table& x);

private:
  void measure(const std::vector<std::string>& row);
  std::string line(const std::vector<std::string>& row) const;

  std::vector<size_t> widths_;
};

/// One table by itself.
std::string to_text(const table& x);

/// How many columns of a terminal a text takes: its UTF-8 characters.
size_t width_of(std::string_view text);

} // namespace troupe::printing
