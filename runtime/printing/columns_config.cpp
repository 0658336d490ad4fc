#include "messages/api/core_config.pb.h"
#include "runtime/printing/cells.hpp"
#include "runtime/printing/columns.hpp"
#include "runtime/text/quantity.hpp"

#include <map>

namespace troupe::printing {

namespace {

void secret_row(const core::v1::Secret& x, time_point now, cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(x.type());
  out.push_back(std::to_string(x.data_size()));
  out.push_back(age_of(x.metadata(), now));
}

void map_row(const core::v1::ConfigMap& x, time_point now, cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(std::to_string(x.data_size() + x.binary_data_size()));
  out.push_back(age_of(x.metadata(), now));
}

void account_row(const core::v1::ServiceAccount& x, time_point now,
                 cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(std::to_string(x.secrets_size()));
  out.push_back(age_of(x.metadata(), now));
}

void range_row(const core::v1::LimitRange& x, time_point, cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(made_at(x.metadata()));
}

/// Used and allowed amounts of the resources whose name is a limit, or of the
/// others.
std::string quota_text(const core::v1::ResourceQuotaStatus& status,
                       bool limits) {
  std::map<std::string, std::string> parts;
  for (const auto& [name, hard] : status.hard()) {
    if ((name.rfind("limits", 0) == 0) != limits)
      continue;
    auto used = status.used().find(name);
    auto taken = used == status.used().end()
                     ? std::string{"0"}
                     : text::quantity::of(used->second).str();
    parts[name] = taken + "/" + text::quantity::of(hard).str();
  }
  return join(parts, ", ",
              [](const auto& x) { return x.first + ": " + x.second; });
}

void quota_row(const core::v1::ResourceQuota& x, time_point now, cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(age_of(x.metadata(), now));
  out.push_back(quota_text(x.status(), false));
  out.push_back(quota_text(x.status(), true));
}

} // namespace

void add_config_columns(columns_list& out) {
  out.push_back(columns_for<core::v1::Secret>(
      {name_column(), text("Type"), text("Data"), text("Age")}, secret_row));
  out.push_back(columns_for<core::v1::ConfigMap>(
      {name_column(), text("Data"), text("Age")}, map_row));
  out.push_back(columns_for<core::v1::ServiceAccount>(
      {name_column(), text("Secrets"), text("Age")}, account_row));
  out.push_back(columns_for<core::v1::LimitRange>(
      {name_column(), {"Created At", "date"}}, range_row));
  out.push_back(columns_for<core::v1::ResourceQuota>(
      {name_column(), text("Age"), text("Request"), text("Limit")}, quota_row));
}

} // namespace troupe::printing
