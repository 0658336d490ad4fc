#pragma once

#include "messages/errors.hpp"
#include "runtime/text/document.hpp"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::text {

struct path_node;

/// A JSONPath template in kubectl's dialect: text with expressions in braces.
///
///     {.metadata.name}  {.items[*].spec}  {..image}  {['a.b']}  {.a\.b}
///     {.items[0:3:2]}  {.items[-1]}  {.a['x','y']}  {.items[?(@.x=="y")].z}
///     {range .items[*]}{.name}{"\n"}{end}
class json_path {
public:
  ~json_path();
  json_path(json_path&&) noexcept;
  json_path& operator=(json_path&&) noexcept;

  /// Fails with what is wrong and where.
  static expected<json_path> parse(std::string_view text);

  /// Also takes what kubectl takes without braces: `.metadata.name`,
  /// `metadata.name`.
  static expected<json_path> parse_relaxed(std::string_view text);

  /// Prints the template filled in from `root`; several results are joined by
  /// a space. Members that are missing print nothing. Fails for an index
  /// outside of its list and a filter on what is no list.
  expected<std::string> print(const document& root) const;

  /// Returns what the expressions find, in order.
  expected<std::vector<document>> find(const document& root) const;

private:
  explicit json_path(std::vector<std::unique_ptr<path_node>> nodes);

  std::vector<std::unique_ptr<path_node>> nodes_;
};

/// Returns a value as JSONPath and custom columns print it: strings as they
/// are, the rest as compact JSON.
std::string value_text(const document& value);

} // namespace troupe::text
