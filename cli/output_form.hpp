#pragma once

#include "messages/errors.hpp"
#include "runtime/printing/table.hpp"
#include "runtime/text/custom_columns.hpp"
#include "runtime/text/document.hpp"
#include "runtime/text/go_template.hpp"
#include "runtime/text/json_path.hpp"

#include <iosfwd>
#include <optional>
#include <string>

namespace troupe::cli {

/// Returns the value of -o together with that of --template: a template or
/// path for an -o that names none, a Go template without any -o.
std::string with_template(const std::string& output, const std::string& given);

/// What -o asks for, and how documents look in it.
class output_form {
public:
  enum class kind {
    usual,
    wide,
    name,
    yaml,
    json,
    path,
    path_as_json,
    columns,
    filled_in
  };

  /// Reads the value of -o; "" is the usual form of a command. An error says
  /// what is wrong with it.
  static expected<output_form> parse(const std::string& word);

  kind what() const { return what_; }

  /// Whether objects are shown as rows of their kind's table.
  bool is_table() const { return what_ == kind::usual || what_ == kind::wide; }

  /// Prints an object, or a List of them, in one of the forms that need
  /// nothing but the document: yaml, json, a path, columns, a template.
  caf::error print(const text::document& doc, bool no_headers,
                   std::ostream& out);

private:
  caf::error print_columns(const text::document& doc, bool no_headers,
                           std::ostream& out);

  kind what_ = kind::usual;
  std::optional<text::json_path> path_;
  std::optional<text::custom_columns> columns_;
  std::optional<text::go_template> template_;
  bool columns_shown_ = false;
  printing::table_layout layout_;
};

} // namespace troupe::cli
