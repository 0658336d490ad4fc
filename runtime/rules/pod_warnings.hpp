#pragma once

#include "runtime/rules/field_path.hpp"
#include "runtime/rules/warning.hpp"

#include <vector>

namespace troupe::core::v1 {
class PodSpec;
} // namespace troupe::core::v1

namespace troupe::rules {

/// Tells what of a pod is accepted but probably not meant, and what nothing in
/// this cluster acts on, so that no wish is silently dead. Plain processes are
/// the least that a node runs. `at` is where the spec is, for pods and for the
/// templates of pods.
void warn_pod_spec(const core::v1::PodSpec& spec, const field_path& at,
                   std::vector<warning>& out);

/// The same for the template of a workload.
template <class Workload>
void warn_template(const Workload& workload, std::vector<warning>& out) {
  field_path spec{"spec"};
  auto at = spec.child("template.spec");
  warn_pod_spec(workload.spec().template_().spec(), at, out);
}

} // namespace troupe::rules
