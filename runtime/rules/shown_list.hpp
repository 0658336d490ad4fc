#pragma once

#include "runtime/rules/findings.hpp"

#include <google/protobuf/repeated_ptr_field.h>

#include <algorithm>

/// Lists of words in what validation finds.
namespace troupe::rules {

using words = google::protobuf::RepeatedPtrField<std::string>;

/// A list as an error message shows it: JSON.
inline shown shown_list(const words& list) {
  shown result{""};
  result.text = "[";
  for (auto& each : list)
    result.text += (result.text.size() > 1 ? "," : "") + shown{each}.text;
  result.text += "]";
  return result;
}

/// Whether `*` is among them.
inline bool has_star(const words& list) {
  return std::find(list.begin(), list.end(), "*") != list.end();
}

/// Reports a `*` that is not alone; `others` tells what else there may not be.
inline void require_lone_star(const words& list, const std::string& others,
                              const field_path& at, findings& out) {
  if (list.size() > 1 && has_star(list))
    out.invalid(at, shown_list(list),
                "if '*' is present, must not specify other " + others);
}

} // namespace troupe::rules
