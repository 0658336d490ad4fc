#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"
#include "runtime/printing/description.hpp"

#include <span>
#include <string>
#include <vector>

namespace troupe::core::v1 {
class PodSpec;
class PodTemplateSpec;
class Volume;
} // namespace troupe::core::v1

namespace troupe::printing {

/// What a description is made of.
struct subject {
  const object& what;
  std::span<const object> related;
  time_point now;

  /// The related objects of a kind.
  template <class T>
  std::vector<object> all() const {
    return all(kind_of<T>());
  }
  std::vector<object> all(const kind_info& kind) const;

  /// The events about the object.
  std::vector<object> events() const;
};

// One function per kind; each ends before the events.
void describe_pod(description& d, const subject& x);
void describe_node(description& d, const subject& x);
void describe_deployment(description& d, const subject& x);
void describe_replica_set(description& d, const subject& x);
void describe_replication_controller(description& d, const subject& x);
void describe_disruption_budget(description& d, const subject& x);
void describe_service(description& d, const subject& x);
void describe_endpoints(description& d, const subject& x);
void describe_endpoint_slice(description& d, const subject& x);
void describe_namespace(description& d, const subject& x);
void describe_config_map(description& d, const subject& x);
void describe_secret(description& d, const subject& x);
void describe_service_account(description& d, const subject& x);
void describe_priority_class(description& d, const subject& x);
void describe_role(description& d, const subject& x);
void describe_role_binding(description& d, const subject& x);
/// Any kind: its JSON, written out.
void describe_anything(description& d, const subject& x);

/// A pod's template, as the descriptions of workloads show it.
void describe_template(description& d, const core::v1::PodTemplateSpec& pod);

/// Containers of a spec; `pod` is null for a template. `indent` is that of
/// the title.
void describe_containers(description& d, const core::v1::PodSpec& spec,
                         const object* pod, const std::string& indent);

void describe_volumes(description& d, const core::v1::PodSpec& spec,
                      const std::string& indent);

void describe_tolerations(description& d, const core::v1::PodSpec& spec,
                          const std::string& indent = "");

} // namespace troupe::printing
