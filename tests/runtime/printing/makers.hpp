#pragma once

#include "messages/api/meta.pb.h"
#include "messages/object.hpp"
#include "messages/time.hpp"
#include "runtime/printing/table.hpp"

#include <string>
#include <vector>

namespace troupe::printing {

/// 2026-01-02T03:04:05Z.
inline time_point now() {
  return time_point{} + std::chrono::seconds(1767323045);
}

template <class T>
T named(const std::string& name, const std::string& ns = "",
        std::chrono::seconds age = std::chrono::minutes(5)) {
  T result;
  auto& meta = *result.mutable_metadata();
  meta.set_name(name);
  if (!ns.empty())
    meta.set_namespace_(ns);
  *meta.mutable_creation_timestamp() = to_time(now() - age);
  return result;
}

/// The cells of one object, joined by " | ".
template <class T>
std::string row(const T& x, bool wide = false) {
  std::vector<object> objects{object::of(x)};
  table_options options;
  options.now = now();
  options.wide = wide;
  auto result = print_table(objects, options);
  std::string text;
  for (const auto& cell : result.rows.at(0))
    text += (text.empty() ? "" : " | ") + cell;
  return text;
}

} // namespace troupe::printing
