#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"

#include <span>
#include <string>
#include <string_view>

namespace troupe::http {

/// What of an object each row of a table carries.
enum class row_object : uint8_t { metadata, whole, none };

/// What is said of a list beyond its items.
struct list_meta {
  uint64_t revision = 0; ///< 0 leaves it out
  std::string next;      ///< continue token
  int64_t remaining = 0; ///< 0 leaves it out
};

struct table_form {
  std::string version = "v1"; ///< of meta.k8s.io
  row_object rows = row_object::metadata;
  bool columns = true; ///< say what the columns are
  time_point now{};
};

/// Returns the Table of objects of one kind as JSON.
std::string to_table_json(const kind_info& kind, std::span<const object> items,
                          const list_meta& meta, const table_form& form);

/// Returns the PartialObjectMetadata of an object as JSON.
std::string to_partial_json(const object& x, std::string_view version);

/// Appends the members of a list's metadata as a JSON object.
void append_list_meta(std::string& out, const list_meta& meta);

} // namespace troupe::http
