#include "runtime/text/table.hpp"

#include <algorithm>
#include <cctype>

namespace troupe::text {

namespace {

constexpr size_t min_width = 6;
constexpr size_t padding = 3;

std::string first_line(const std::string& cell) {
  auto end = cell.find_first_of("\n\r\f");
  return end == std::string::npos ? cell : cell.substr(0, end) + "...";
}

std::string in_capitals(std::string str) {
  std::transform(str.begin(), str.end(), str.begin(), [](unsigned char c) {
    return static_cast<char>(std::toupper(c));
  });
  return str;
}

} // namespace

size_t width_of(std::string_view str) {
  return static_cast<size_t>(std::count_if(str.begin(), str.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

table_printer::table_printer(std::vector<table_column> columns, options how)
    : columns_(std::move(columns)), how_(how) {
  // nop
}

table_printer::cells table_printer::visible(const cells& row) const {
  cells result;
  for (size_t i = 0; i < columns_.size(); ++i)
    if (how_.wide || columns_[i].priority == 0)
      result.push_back(i < row.size() ? first_line(row[i]) : "");
  return result;
}

void table_printer::measure(const cells& row) {
  widths_.resize(std::max(widths_.size(), row.size()), min_width);
  for (size_t i = 0; i < row.size(); ++i)
    widths_[i] = std::max(widths_[i], width_of(row[i]) + padding);
}

void table_printer::append(std::string& out, const cells& row) const {
  for (size_t i = 0; i < row.size(); ++i) {
    out += row[i];
    if (i + 1 < row.size())
      out.append(widths_[i] - width_of(row[i]), ' ');
  }
  out += '\n';
}

std::string
table_printer::print(const std::vector<std::vector<std::string>>& rows) {
  std::vector<cells> lines;
  if (how_.headers && !begun_) {
    cells names;
    for (auto& column : columns_)
      names.push_back(in_capitals(column.name));
    lines.push_back(visible(names));
  }
  begun_ = true;
  for (auto& row : rows)
    lines.push_back(visible(row));
  for (auto& line : lines)
    measure(line);
  std::string out;
  for (auto& line : lines)
    append(out, line);
  return out;
}

} // namespace troupe::text
