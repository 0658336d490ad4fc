#pragma once

#include "messages/api/core_pod.pb.h"
#include "runtime/rules/pod_checks.hpp"
#include "runtime/rules/validate_meta.hpp"

#include <string_view>

/// What holds for every kind that makes pods of a template.
namespace troupe::rules {

/// Checks a template whose pods run until they are removed.
void validate_workload_template(const core::v1::PodTemplateSpec& pods,
                                std::string_view kind, const field_path& at,
                                findings& out);

/// Checks disks that only one node can write to, where pods may be on several.
void require_read_only_disks(const core::v1::PodTemplateSpec& pods,
                             const field_path& at, findings& out);

/// Checks that the selector is there, not empty, and picks the template's
/// pods; `at` is the path of the spec.
void validate_workload_selector(bool set,
                                const meta::v1::LabelSelector& selector,
                                const core::v1::PodTemplateSpec& pods,
                                std::string_view kind, const field_path& at,
                                findings& out);

void require_same_selector(const meta::v1::LabelSelector& selector,
                           const meta::v1::LabelSelector& old, findings& out);

} // namespace troupe::rules
