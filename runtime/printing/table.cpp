#include "runtime/printing/table.hpp"

#include "messages/api/meta.pb.h"
#include "runtime/printing/cells.hpp"
#include "runtime/printing/columns.hpp"

#include <algorithm>
#include <cctype>

namespace troupe::printing {

namespace {

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

/// A terminal would obey control characters. Line breaks are left to the
/// layout, which cuts the cell there.
void make_printable(std::string& cell) {
  for (auto& c : cell) {
    auto code = static_cast<unsigned char>(c);
    if ((code < 0x20 && c != '\n' && c != '\r' && c != '\f') || code == 0x7f)
      c = ' ';
  }
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

std::string table_layout::add(const table& x) {
  if (x.header.empty() && x.rows.empty())
    return {};
  auto headers = !x.header.empty();
  auto columns = headers ? x.header.size() : x.rows.front().size();
  if (!printer_ || headers || columns != columns_) {
    std::vector<text::table_column> names(columns);
    for (size_t i = 0; headers && i < columns; ++i)
      names[i].name = x.header[i];
    printer_.emplace(std::move(names),
                     text::table_printer::options{true, headers});
    columns_ = columns;
  }
  return printer_->print(x.rows);
}

std::string to_text(const table& x) {
  return table_layout{}.add(x);
}

} // namespace troupe::printing
