#include "runtime/printing/table.hpp"

#include "messages/api/meta.pb.h"
#include "runtime/printing/cells.hpp"
#include "runtime/printing/columns.hpp"

#include <algorithm>
#include <cctype>

namespace troupe::printing {

namespace {

constexpr size_t padding = 3;
constexpr size_t least_width = 6;

std::string upper(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  return result;
}

/// "pod", "deployment.apps".
std::string kind_prefix(const kind_info& kind) {
  std::string result{kind.singular};
  if (!kind.group.empty())
    result += "." + std::string{kind.group};
  return result + "/";
}

/// Control characters would break the table, or the terminal.
void make_printable(std::string& cell) {
  // What follows a line break is told by an ellipsis, as kubectl does.
  auto end = cell.find_first_of("\n\r\f");
  if (end != std::string::npos)
    cell = cell.substr(0, end) + "...";
  for (auto& c : cell)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      c = ' ';
}

std::vector<std::string> header_of(const kind_columns& kind,
                                   const table_options& options) {
  std::vector<std::string> result;
  if (options.with_namespace)
    result.emplace_back("NAMESPACE");
  for (const auto& column : kind.columns)
    if (options.wide || column.priority == 0)
      result.push_back(upper(column.name));
  // kubectl names such a column by the last part of its key.
  for (const auto& key : options.label_columns)
    result.push_back(upper(key.substr(key.rfind('/') + 1)));
  if (options.show_labels)
    result.emplace_back("LABELS");
  return result;
}

std::vector<std::string> row_of(const object& x, const kind_columns& kind,
                                const table_options& options) {
  cells all;
  kind.row(x, options.now, all);
  std::vector<std::string> result;
  if (options.with_namespace)
    result.push_back(x.ns());
  for (size_t i = 0; i < kind.columns.size() && i < all.size(); ++i) {
    const auto& column = kind.columns[i];
    if (!options.wide && column.priority > 0)
      continue;
    if (options.with_kind && column.name == "Name")
      all[i] = kind_prefix(x.kind()) + all[i];
    result.push_back(std::move(all[i]));
  }
  const auto& labels = x.meta().labels();
  for (const auto& key : options.label_columns) {
    auto i = labels.find(key);
    result.push_back(i == labels.end() ? std::string{} : i->second);
  }
  if (options.show_labels)
    result.push_back(labels_text(labels));
  for (auto& cell : result)
    make_printable(cell);
  return result;
}

} // namespace

table print_table(std::span<const object> objects,
                  const table_options& options) {
  table result;
  if (objects.empty())
    return result;
  const auto& kind = columns_of(objects.front().kind());
  if (!options.no_headers)
    result.header = header_of(kind, options);
  for (const auto& x : objects)
    result.rows.push_back(row_of(x, kind, options));
  return result;
}

size_t width_of(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
      }));
}

void table_layout::measure(const std::vector<std::string>& row) {
  if (widths_.size() != row.size())
    widths_.assign(row.size(), least_width);
  for (size_t i = 0; i < row.size(); ++i)
    widths_[i] = std::max(widths_[i], width_of(row[i]) + padding);
}

std::string table_layout::line(const std::vector<std::string>& row) const {
  std::string result;
  for (size_t i = 0; i < row.size(); ++i) {
    result += row[i];
    if (i + 1 < row.size())
      result.append(widths_[i] - width_of(row[i]), ' ');
  }
  return result + "\n";
}

std::string table_layout::add(const table& x) {
  if (!x.header.empty())
    measure(x.header);
  for (const auto& row : x.rows)
    measure(row);
  std::string result;
  if (!x.header.empty())
    result += line(x.header);
  for (const auto& row : x.rows)
    result += line(row);
  return result;
}

std::string to_text(const table& x) {
  return table_layout{}.add(x);
}

} // namespace troupe::printing
