#pragma once

#include "messages/api/flowcontrol.pb.h"
#include "messages/object.hpp"
#include "messages/time.hpp"
#include "runtime/rules/access.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Kubernetes: API priority and fairness, as far as it says to which flow
/// schema and priority level a request belongs. Nothing waits for another.
namespace troupe::rules {

/// What of a request decides where it belongs.
struct flow_request {
  std::string verb; ///< of a page the method, in lower case
  bool resource = false;
  std::string group;
  std::string what; ///< "pods", "pods/log"
  std::string ns;   ///< "" for what is in none, and for all
  std::string path; ///< of a page
};

/// Where a request belongs.
struct flow_class {
  std::string schema;     ///< its name
  std::string schema_uid; ///< of the FlowSchema
  std::string level_uid;  ///< of its PriorityLevelConfiguration
};

/// All flow schemas of a moment whose level is there, in the order in which
/// requests are held against them: by precedence, then by name.
class flow_table {
public:
  flow_table() = default;
  flow_table(std::span<const object> schemas, std::span<const object> levels);

  /// Returns the first that the request matches; null when there is none.
  const flow_class* find(const caller& who, const flow_request& what) const;

private:
  struct entry {
    flowcontrol::v1::FlowSchemaSpec spec;
    flow_class found;
  };
  std::vector<entry> entries_;
};

/// Returns the condition Dangling that tells of a schema whether its level is
/// there; nothing where the schema has it.
std::optional<flowcontrol::v1::FlowSchemaCondition>
changed_dangling(const flowcontrol::v1::FlowSchema& schema, bool level_exists,
                 time_point now);

/// Returns the patch of a status that sets it.
std::string dangling_patch(const flowcontrol::v1::FlowSchemaCondition& what);

} // namespace troupe::rules
