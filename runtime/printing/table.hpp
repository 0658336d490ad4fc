#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"
#include "runtime/text/table.hpp"

#include <optional>
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

/// Lays tables out in columns. Rows without a header continue the table before
/// them, in columns as wide as its own at least, so that the rows of a watch
/// stay below each other.
class table_layout {
public:
  /// Returns the lines of a table, each ended by a newline.
  std::string add(const table& x);

private:
  std::optional<text::table_printer> printer_;
  size_t columns_ = 0;
};

/// One table by itself.
std::string to_text(const table& x);

} // namespace troupe::printing
