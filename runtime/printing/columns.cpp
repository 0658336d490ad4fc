#include "runtime/printing/columns.hpp"

#include "runtime/printing/cells.hpp"

#include <unordered_map>

namespace troupe::printing {

namespace {

std::unordered_map<const kind_info*, kind_columns> make_table() {
  columns_list all;
  for (auto add :
       {add_pod_columns, add_workload_columns, add_batch_columns,
        add_autoscaling_columns, add_cluster_columns, add_event_columns,
        add_config_columns, add_network_columns, add_storage_columns,
        add_access_columns, add_admission_columns, add_extension_columns})
    add(all);
  std::unordered_map<const kind_info*, kind_columns> result;
  for (auto& entry : all)
    result.emplace(entry.kind, std::move(entry));
  for (const auto& kind : all_kinds())
    result.try_emplace(
        &kind, kind_columns{&kind,
                            {name_column(), text("Age")},
                            [](const object& x, time_point now, cells& out) {
                              out.push_back(x.name());
                              out.push_back(age_of(x.meta(), now));
                            }});
  return result;
}

} // namespace

const kind_columns& columns_of(const kind_info& kind) {
  static const auto table = make_table();
  return table.at(&kind);
}

} // namespace troupe::printing
