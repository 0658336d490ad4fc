#include "runtime/rules/pod_downward.hpp"

#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/text/quantity.hpp"

#include <map>

namespace troupe::rules {

namespace {

using core::v1::Pod;
using text::quantity;

std::string quoted(const std::string& value) {
  std::string out = "\"";
  for (char c : value) {
    if (c == '"' || c == '\\')
      out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else
      out += c;
  }
  return out + "\"";
}

template <class Map>
std::string lines(const Map& entries) {
  std::map<std::string, std::string> sorted(entries.begin(), entries.end());
  std::string out;
  for (const auto& [key, value] : sorted)
    out += (out.empty() ? "" : "\n") + key + "=" + quoted(value);
  return out;
}

// Returns k of PREFIX['k'], or nothing.
std::optional<std::string> subscript(const std::string& path,
                                     const std::string& prefix) {
  if (path.rfind(prefix + "['", 0) != 0 || path.size() < prefix.size() + 4
      || path.compare(path.size() - 2, 2, "']") != 0)
    return std::nullopt;
  return path.substr(prefix.size() + 2, path.size() - prefix.size() - 4);
}

template <class Map>
std::string entry(const Map& entries, const std::string& key) {
  auto i = entries.find(key);
  return i == entries.end() ? std::string{} : i->second;
}

template <class List>
std::string joined(const List& list) {
  std::string out;
  for (const auto& item : list)
    out += (out.empty() ? "" : ",") + item.ip();
  return out;
}

std::string in_units(const quantity& amount, const quantity& divisor) {
  // Both sides in thousandths: enough for 1m of a processor, and no overflow
  // below 9 PB.
  auto unit = divisor.milli_value();
  if (unit <= 0)
    unit = 1000;
  auto value = amount.milli_value();
  return std::to_string(value / unit + (value % unit > 0 ? 1 : 0));
}

} // namespace

expected<std::string> field_value(const Pod& pod, const std::string& path) {
  const auto& meta = pod.metadata();
  if (path == "metadata.name")
    return meta.name();
  if (path == "metadata.namespace")
    return meta.namespace_();
  if (path == "metadata.uid")
    return meta.uid();
  if (path == "metadata.labels")
    return lines(meta.labels());
  if (path == "metadata.annotations")
    return lines(meta.annotations());
  if (auto key = subscript(path, "metadata.labels"))
    return entry(meta.labels(), *key);
  if (auto key = subscript(path, "metadata.annotations"))
    return entry(meta.annotations(), *key);
  if (path == "spec.nodeName")
    return pod.spec().node_name();
  if (path == "spec.serviceAccountName")
    return pod.spec().service_account_name();
  if (path == "status.hostIP")
    return pod.status().host_ip();
  if (path == "status.hostIPs")
    return joined(pod.status().host_ips());
  if (path == "status.podIP")
    return pod.status().pod_ip();
  if (path == "status.podIPs")
    return joined(pod.status().pod_ips());
  return make_error(ec::invalid, "unsupported fieldPath: " + path);
}

expected<std::string>
resource_value(const core::v1::Container& container,
               const core::v1::ResourceFieldSelector& what,
               const core::v1::NodeStatus& node) {
  const auto& name = what.resource();
  auto dot = name.find('.');
  if (dot == std::string::npos)
    return make_error(ec::invalid, "unsupported resource: " + name);
  auto side = name.substr(0, dot);
  auto key = name.substr(dot + 1);
  auto divisor = quantity::of(what.divisor());
  const auto& limits = container.resources().limits();
  const auto& requests = container.resources().requests();
  if (side == "requests") {
    auto i = requests.find(key);
    if (i != requests.end())
      return in_units(quantity::of(i->second), divisor);
    auto limit = limits.find(key);
    return limit == limits.end()
               ? std::string{"0"}
               : in_units(quantity::of(limit->second), divisor);
  }
  if (side != "limits")
    return make_error(ec::invalid, "unsupported resource: " + name);
  auto i = limits.find(key);
  if (i != limits.end())
    return in_units(quantity::of(i->second), divisor);
  auto whole = node.allocatable().find(key);
  return whole == node.allocatable().end()
             ? std::string{"0"}
             : in_units(quantity::of(whole->second), divisor);
}

std::string pod_hostname(const Pod& pod) {
  if (pod.spec().has_hostname_override())
    return pod.spec().hostname_override();
  auto name = pod.spec().hostname().empty() ? pod.metadata().name()
                                            : pod.spec().hostname();
  if (name.size() > 63) {
    name.resize(63);
    while (!name.empty() && (name.back() == '-' || name.back() == '.'))
      name.pop_back();
  }
  return name;
}

} // namespace troupe::rules
