#pragma once

#include "messages/errors.hpp"
#include "runtime/text/document.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace troupe::text {

struct template_node;

/// A template in the language of Go's text/template, as far as it is of use
/// with JSON: fields, variables, pipelines, `if`, `with`, `range`, `break`,
/// `continue`, comments, `{{-` and `-}}`, and the functions and, or, not, eq,
/// ne, lt, le, gt, ge, len, index, slice, print, printf, println, html,
/// urlquery, and kubectl's exists and base64decode.
///
///     {{range .items}}{{.metadata.name}}{{"\n"}}{{end}}
///
/// Unlike Go's, numbers are compared with numbers of any kind, and `%d` takes
/// every whole number.
class go_template {
public:
  ~go_template();
  go_template(go_template&&) noexcept;
  go_template& operator=(go_template&&) noexcept;

  /// Fails with what is wrong and in which line.
  static expected<go_template> parse(std::string_view text);

  /// Prints the template filled in from `root`. What is missing prints as
  /// "<no value>". Fails for a function called wrongly, an index outside of
  /// its list, and for more work than any sensible template makes.
  expected<std::string> print(const document& root) const;

private:
  explicit go_template(std::unique_ptr<template_node> root);

  std::unique_ptr<template_node> root_;
};

} // namespace troupe::text
