#include "runtime/printing/tab_align.hpp"

#include "runtime/text/table.hpp"

#include <algorithm>
#include <vector>

namespace troupe::printing {

namespace {

using line = std::vector<std::string_view>;

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> result;
  for (;;) {
    auto end = text.find(at);
    result.push_back(text.substr(0, end));
    if (end == std::string_view::npos)
      return result;
    text.remove_prefix(end + 1);
  }
}

class aligner {
public:
  aligner(const std::vector<line>& lines, size_t padding)
      : lines_(lines), padding_(padding) {
    // nop
  }

  std::string run() {
    format(0, lines_.size());
    return std::move(out_);
  }

private:
  /// Whether the line has a cell in the column to the right of those known.
  bool in_next_column(size_t i) const {
    return widths_.size() + 1 < lines_[i].size();
  }

  void format(size_t begin, size_t end) {
    auto i = begin;
    while (i < end) {
      if (!in_next_column(i)) {
        write(i++);
        continue;
      }
      auto block = i;
      size_t width = 0;
      for (; i < end && in_next_column(i); ++i)
        width = std::max(width,
                         text::width_of(lines_[i][widths_.size()]) + padding_);
      widths_.push_back(width);
      format(block, i);
      widths_.pop_back();
    }
  }

  void write(size_t i) {
    const auto& cells = lines_[i];
    for (size_t j = 0; j < cells.size(); ++j) {
      out_ += cells[j];
      if (j < widths_.size() && j + 1 < cells.size())
        out_.append(widths_[j] - text::width_of(cells[j]), ' ');
    }
    if (i + 1 < lines_.size())
      out_ += '\n';
  }

  const std::vector<line>& lines_;
  size_t padding_;
  std::vector<size_t> widths_;
  std::string out_;
};

} // namespace

std::string align_tabs(std::string_view text, size_t padding) {
  std::vector<line> lines;
  for (auto x : split(text, '\n'))
    lines.push_back(split(x, '\t'));
  return aligner{lines, padding}.run();
}

} // namespace troupe::printing
