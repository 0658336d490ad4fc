#include "cli/image_tables.hpp"

#include "runtime/images/digest.hpp"
#include "runtime/text/duration.hpp"
#include "runtime/text/table.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>

namespace troupe::cli {

namespace {

/// The parts of a tag or a digest as columns.
std::pair<std::string, std::string> columns_of(const std::string& name) {
  auto ref = images::parse_reference(name);
  if (!ref)
    return {name, "<none>"};
  auto tag = ref->tag.empty() ? "<none>" : ref->tag;
  ref->tag.clear();
  ref->digest.clear();
  return {ref->familiar(), tag};
}

} // namespace

std::string size_text(uint64_t bytes) {
  const char* units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  // What would be printed as 1000 is one of the next.
  for (; value >= 999.5 && unit + 1 < std::size(units); ++unit)
    value /= 1000;
  char text[32];
  auto digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  std::snprintf(text, sizeof(text), "%.*f%s", digits, value, units[unit]);
  return text;
}

std::string short_id(const std::string& id) {
  return std::string{images::hex_of(id).substr(0, 12)};
}

std::string print_images(const std::vector<images::image_record>& all,
                         bool wide, bool no_headers, time_point now) {
  text::table_printer::options how{wide, !no_headers};
  text::table_printer printer{{{"Image"},
                               {"Tag"},
                               {"Image ID"},
                               {"Size"},
                               {"Age"},
                               {"Platform", 1},
                               {"Manifest", 1}},
                              how};
  std::vector<std::vector<std::string>> rows;
  for (auto& x : all) {
    auto names = x.tags.empty() ? x.digests : x.tags;
    if (names.empty())
      names.emplace_back();
    for (auto& name : names) {
      auto [repository, tag] =
          name.empty() ? std::pair<std::string, std::string>{"<none>", "<none>"}
                       : columns_of(name);
      rows.push_back({repository, tag, short_id(x.id), size_text(x.size),
                      text::age_text(now - x.added), x.platform, x.manifest});
    }
  }
  return printer.print(rows);
}

text::document images_document(const std::vector<images::image_record>& all) {
  auto list = text::document::array();
  for (auto& x : all)
    list.push_back({{"id", x.id},
                    {"repoTags", x.tags},
                    {"repoDigests", x.digests},
                    {"size", std::to_string(x.size)},
                    {"pinned", x.pinned}});
  return {{"images", list}};
}

} // namespace troupe::cli
