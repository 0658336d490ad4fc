#include "messages/api/apiextensions.pb.h"
#include "messages/api/apiregistration.pb.h"
#include "messages/api/resource.pb.h"
#include "runtime/printing/cells.hpp"
#include "runtime/printing/columns.hpp"

namespace troupe::printing {

namespace {

void definition_row(const apiextensions::v1::CustomResourceDefinition& x,
                    time_point, cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(made_at(x.metadata()));
}

void api_service_row(const apiregistration::v1::APIService& x, time_point now,
                     cells& out) {
  std::string available = "Unknown";
  for (const auto& condition : x.status().conditions()) {
    if (condition.type() != "Available")
      continue;
    available = condition.status();
    if (available != "True" && !condition.reason().empty())
      available += " (" + condition.reason() + ")";
  }
  const auto& service = x.spec().service();
  out.push_back(x.metadata().name());
  out.push_back(x.spec().has_service()
                    ? service.namespace_() + "/" + service.name()
                    : "Local");
  out.push_back(available);
  out.push_back(age_of(x.metadata(), now));
}

std::string state_of(const resource::v1::ResourceClaim& x) {
  std::vector<std::string> states;
  auto deleted = x.metadata().has_deletion_timestamp();
  if (deleted)
    states.emplace_back("deleted");
  if (!x.status().has_allocation()) {
    if (!deleted)
      states.emplace_back("pending");
  } else {
    states.emplace_back("allocated");
    if (x.status().reserved_for_size() > 0)
      states.emplace_back("reserved");
  }
  return join(states, ",");
}

void claim_row(const resource::v1::ResourceClaim& x, time_point now,
               cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(state_of(x));
  out.push_back(age_of(x.metadata(), now));
}

void slice_row(const resource::v1::ResourceSlice& x, time_point now,
               cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(x.spec().node_name());
  out.push_back(x.spec().driver());
  out.push_back(x.spec().pool().name());
  out.push_back(age_of(x.metadata(), now));
}

} // namespace

// Device classes and claim templates show name and age, as all kinds without
// columns of their own.
void add_extension_columns(columns_list& out) {
  out.push_back(columns_for<apiextensions::v1::CustomResourceDefinition>(
      {name_column(), {"Created At", "date"}}, definition_row));
  out.push_back(columns_for<apiregistration::v1::APIService>(
      {name_column(), text("Service"), text("Available"), text("Age")},
      api_service_row));
  out.push_back(columns_for<resource::v1::ResourceClaim>(
      {name_column(), text("State"), text("Age")}, claim_row));
  out.push_back(columns_for<resource::v1::ResourceSlice>(
      {name_column(), text("Node"), text("Driver"), text("Pool"), text("Age")},
      slice_row));
}

} // namespace troupe::printing
