#include "runtime/rules/warning.hpp"

#include "messages/api/coordination.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/election.hpp"
#include "runtime/rules/kinds_of_others.hpp"

#include <algorithm>
#include <string_view>

namespace troupe::rules {

namespace {

unsigned helper_at(const object& node) {
  auto& runtime = node.as<core::v1::Node>()
                      .status()
                      .node_info()
                      .container_runtime_version();
  auto name = std::string_view{runtime}.substr(0, runtime.find("://"));
  if (name == "process" || name == "simulated")
    return 0;
  return name == "oci" ? unsigned{own_nodes} : any_nodes;
}

} // namespace

unsigned helpers_among(std::span<const object> nodes, bool complete) {
  if (nodes.empty() || !complete)
    return any_nodes;
  unsigned result = 0;
  for (auto& node : nodes)
    result |= helper_at(node);
  return result;
}

unsigned helpers_by(const object& lease) {
  if (holder_of(lease).empty())
    return foreign_controllers;
  // Nobody is noted for what our own components write.
  auto& managers = lease.meta().managed_fields();
  auto foreign = std::any_of(managers.begin(), managers.end(), [](auto& each) {
    return each.fields_v1().raw().find("f:holderIdentity") != std::string::npos;
  });
  return foreign ? unsigned{foreign_controllers} : 0u;
}

std::vector<warning> warn_of_kind(const kind_info& kind) {
  std::string name{kind.kind};
  if (kind.plural == "prioritylevelconfigurations")
    return {{name + " is told to clients, but no request waits for it yet"}};
  if (kind.acted_on)
    return {};
  return {{name + " is stored, but nothing in this cluster acts on it yet",
           helpers_with(kind)}};
}

unsigned doubts(const std::vector<warning>& all) {
  unsigned result = 0;
  for (auto& each : all)
    result |= each.unless;
  return result;
}

std::vector<std::string> that_hold(const std::vector<warning>& all,
                                   unsigned helpers) {
  std::vector<std::string> result;
  for (auto& each : all)
    if ((each.unless & helpers) == 0)
      result.push_back(each.text);
  return result;
}

} // namespace troupe::rules
