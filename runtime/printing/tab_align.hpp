#pragma once

#include <string>
#include <string_view>

namespace troupe::printing {

/// Lays text out in columns: cells end at tabs, and a column is as wide as the
/// widest of the cells above and below each other in adjacent lines, plus
/// `padding`. The last cell of a line is in no column. Go's text/tabwriter.
std::string align_tabs(std::string_view text, size_t padding);

} // namespace troupe::printing
