#pragma once

#include "messages/time.hpp"

#include <google/protobuf/map.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::core::v1 {
class PodSpec;
} // namespace troupe::core::v1

namespace troupe::meta::v1 {
class LabelSelector;
class MicroTime;
class ObjectMeta;
class Time;
} // namespace troupe::meta::v1

namespace troupe::printing {

using string_map = google::protobuf::Map<std::string, std::string>;

inline constexpr const char* none = "<none>";
inline constexpr const char* unset = "<unset>";
inline constexpr const char* unknown = "<unknown>";

/// Returns `text`, or `otherwise` when it is empty.
std::string or_else(const std::string& text, const char* otherwise);

/// Joins what `get` returns for each item.
template <class List, class Get>
std::string join(const List& list, std::string_view separator, Get get) {
  std::string result;
  bool first = true;
  for (const auto& item : list) {
    if (!first)
      result += separator;
    first = false;
    result += get(item);
  }
  return result;
}

template <class List>
std::string join(const List& list, std::string_view separator) {
  return join(
      list, separator, [](const auto& x) -> const auto& { return x; });
}

/// Joins up to `most` items by comma and says how many more there are.
std::string join_first(const std::vector<std::string>& list, size_t most);

/// Pairs `k=v` sorted and joined by comma, `<none>` when empty.
std::string labels_text(const string_map& labels);

/// The selector as a person writes it, `<none>` when empty.
std::string selector_text(const meta::v1::LabelSelector& selector);

/// How long ago something was made.
std::string age_of(const meta::v1::ObjectMeta& meta, time_point now);
std::string age_of(const meta::v1::MicroTime& since, time_point now);

/// RFC 3339, empty when unset.
std::string made_at(const meta::v1::ObjectMeta& meta);

/// Names and images of containers, comma separated.
std::string containers_of(const core::v1::PodSpec& spec);
std::string images_of(const core::v1::PodSpec& spec);

/// "true" or "false", as the API's booleans print.
std::string truth_text(bool value);

/// Access modes in their short form, each once.
template <class List>
std::string access_modes(const List& modes) {
  struct entry {
    const char* mode;
    const char* brief;
  };
  static constexpr entry known[]{{"ReadWriteOnce", "RWO"},
                                 {"ReadOnlyMany", "ROX"},
                                 {"ReadWriteMany", "RWX"},
                                 {"ReadWriteOncePod", "RWOP"}};
  std::string result;
  for (const auto& [mode, brief] : known) {
    bool has = false;
    for (const auto& x : modes)
      has = has || x == mode;
    if (has)
      result += (result.empty() ? "" : ",") + std::string{brief};
  }
  return result;
}

} // namespace troupe::printing
