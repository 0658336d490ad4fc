#include "runtime/rules/object_warnings.hpp"

#include "runtime/rules/kind_rules.hpp"

namespace troupe::rules {

std::vector<warning> warnings_about(const google::protobuf::Message& obj) {
  std::vector<warning> result;
  if (auto* f = rules_of(obj).warnings)
    f(obj, result);
  return result;
}

} // namespace troupe::rules
