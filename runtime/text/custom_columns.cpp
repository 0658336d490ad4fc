#include "runtime/text/custom_columns.hpp"

#include <nlohmann/json.hpp>

namespace troupe::text {

namespace {

/// Takes a column off the front: up to a comma outside of brackets and quotes.
std::string_view take_column(std::string_view& spec) {
  auto depth = 0;
  auto quote = '\0';
  size_t i = 0;
  for (; i < spec.size(); ++i) {
    auto c = spec[i];
    if (quote != '\0') {
      quote = c == quote ? '\0' : quote;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '[' || c == '(' || c == '{') {
      ++depth;
    } else if (c == ']' || c == ')' || c == '}') {
      --depth;
    } else if (c == ',' && depth <= 0) {
      break;
    }
  }
  auto result = spec.substr(0, i);
  spec.remove_prefix(std::min(i + 1, spec.size()));
  return result;
}

} // namespace

expected<custom_columns> custom_columns::parse(std::string_view spec) {
  custom_columns result;
  if (spec.empty())
    return make_error(ec::bad_request, "custom-columns: expected HEADER:PATH, "
                                       "such as NAME:.metadata.name");
  while (!spec.empty()) {
    auto text = take_column(spec);
    auto colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0
        || colon + 1 == text.size())
      return make_error(ec::bad_request,
                        "custom-columns: \"" + std::string{text}
                            + "\": expected HEADER:PATH, such as "
                              "NAME:.metadata.name");
    auto path = json_path::parse_relaxed(text.substr(colon + 1));
    if (!path)
      return make_error(ec::bad_request,
                        "custom-columns: \"" + std::string{text}
                            + "\": " + message_of(path.error()));
    result.columns_.push_back(
        {std::string{text.substr(0, colon)}, std::move(*path)});
  }
  return result;
}

std::vector<std::string> custom_columns::headers() const {
  std::vector<std::string> result;
  for (auto& c : columns_)
    result.push_back(c.header);
  return result;
}

expected<std::vector<std::string>>
custom_columns::row(const document& object) const {
  std::vector<std::string> result;
  for (auto& c : columns_) {
    auto found = c.path.find(object);
    if (!found)
      return found.error();
    std::string cell;
    for (auto& value : *found)
      cell += (cell.empty() ? "" : ",")
              + (value.is_null() ? "<nil>" : value_text(value));
    result.push_back(found->empty() ? "<none>" : cell);
  }
  return result;
}

} // namespace troupe::text
