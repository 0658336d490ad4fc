#include "runtime/rules/component_status.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"

namespace troupe::rules {

std::vector<object> component_statuses(
    const std::vector<std::string>& stores,
    const std::function<bool(const std::string& path)>& is_there) {
  struct row {
    std::string name;
    std::string path;
  };
  std::vector<row> rows{{"controller-manager", "controllers"}};
  for (size_t i = 0; i < stores.size(); ++i)
    rows.push_back({"etcd-" + std::to_string(i), stores[i]});
  rows.push_back({"scheduler", "scheduler"});
  std::vector<object> result;
  for (auto& each : rows) {
    core::v1::ComponentStatus status;
    status.mutable_metadata()->set_name(each.name);
    auto& condition = *status.add_conditions();
    condition.set_type("Healthy");
    auto there = is_there(each.path);
    condition.set_status(there ? "True" : "False");
    condition.set_message(there ? "ok" : "");
    if (!there)
      condition.set_error("no actor at " + each.path);
    result.push_back(object::of(status));
  }
  return result;
}

} // namespace troupe::rules
