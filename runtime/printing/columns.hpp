#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::printing {

/// One column of a kind's table, as the Table of the API tells it.
struct column {
  std::string_view name;
  std::string_view type = "string";
  std::string_view format = "";
  int priority = 0; ///< above 0: only when the table is wide
};

using cells = std::vector<std::string>;

/// How objects of one kind are listed. `row` appends one cell per column.
struct kind_columns {
  const kind_info* kind = nullptr;
  std::vector<column> columns;
  std::function<void(const object&, time_point now, cells&)> row;
};

/// The columns of a kind; name and age for kinds without their own.
const kind_columns& columns_of(const kind_info& kind);

/// Makes the entry of one kind from a function over its message.
template <class T>
kind_columns columns_for(std::vector<column> columns,
                         void (*row)(const T&, time_point, cells&)) {
  return {&kind_of<T>(), std::move(columns),
          [row](const object& x, time_point now, cells& out) {
            row(x.as<T>(), now, out);
          }};
}

inline column name_column() {
  return {"Name", "string", "name", 0};
}
inline column text(std::string_view name) {
  return {name, "string", "", 0};
}
inline column number(std::string_view name) {
  return {name, "integer", "", 0};
}
inline column truth(std::string_view name) {
  return {name, "boolean", "", 0};
}
inline column wide(std::string_view name) {
  return {name, "string", "", 1};
}

using columns_list = std::vector<kind_columns>;

// The entries by the part of the API they are of; columns_of looks in all.
void add_pod_columns(columns_list& out);
void add_workload_columns(columns_list& out);
void add_batch_columns(columns_list& out);
void add_autoscaling_columns(columns_list& out);
void add_cluster_columns(columns_list& out);
void add_event_columns(columns_list& out);
void add_config_columns(columns_list& out);
void add_network_columns(columns_list& out);
void add_storage_columns(columns_list& out);
void add_access_columns(columns_list& out);
void add_admission_columns(columns_list& out);
void add_extension_columns(columns_list& out);

} // namespace troupe::printing
