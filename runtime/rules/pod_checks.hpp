#pragma once

#include "messages/api/core_container.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_volume.pb.h"
#include "runtime/rules/findings.hpp"

/// The parts of a Pod's validation; each file checks one aspect, in Pods and
/// in the templates of workloads alike.
namespace troupe::rules {

/// Where a pod spec stands: what is checked differs a little.
enum class pod_place : char { pod, pod_template };

/// Checks the whole spec; `at` is its path.
void validate_pod_spec(const core::v1::PodSpec& spec, pod_place place,
                       const field_path& at, findings& out);

/// Checks a workload's template: metadata and spec.
void validate_pod_template(const core::v1::PodTemplateSpec& pods,
                           const field_path& at, findings& out);

// -- containers ---------------------------------------------------------------

void check_containers(const core::v1::PodSpec& spec, pod_place place,
                      const field_path& at, findings& out);

void check_container_ports(const core::v1::Container& container,
                           bool host_network, const field_path& at,
                           findings& out);

void check_environment(const core::v1::Container& container,
                       const field_path& at, findings& out);

void check_mounts(const core::v1::Container& container,
                  const core::v1::PodSpec& spec, const field_path& at,
                  findings& out);

void check_resources(const core::v1::ResourceRequirements& resources,
                     const core::v1::PodSpec* spec, const field_path& at,
                     findings& out);

void check_probes(const core::v1::Container& container, const field_path& at,
                  findings& out);

void check_lifecycle(const core::v1::Lifecycle& lifecycle,
                     int64_t grace_seconds, const field_path& at,
                     findings& out);

void check_container_security(const core::v1::SecurityContext& security,
                              const field_path& at, findings& out);

/// Only through their own subresource, and only new ones.
void validate_ephemeral_containers(const core::v1::Pod& pod,
                                   const core::v1::Pod& old, findings& out);

// -- volumes ------------------------------------------------------------------

/// Returns null when the pod has no volume of that name.
const core::v1::Volume* find_volume(const core::v1::PodSpec& spec,
                                    std::string_view name);

void check_volumes(const core::v1::PodSpec& spec, const field_path& at,
                   findings& out);

void check_projection(const core::v1::ProjectedVolumeSource& source,
                      const field_path& at, findings& out);

void check_key_to_path(const core::v1::KeyToPath& item, const field_path& at,
                       findings& out);

/// A path of a file below a volume; an empty one passes.
void check_file_path(const std::string& path, const field_path& at,
                     findings& out);

void check_downward_file(const core::v1::DownwardAPIVolumeFile& file,
                         const field_path& at, findings& out);

void check_file_mode(bool set, int32_t mode, const field_path& at,
                     findings& out);

/// Which fields of a pod a reference may name.
enum class field_use : char { environment, volume };

void check_field_reference(const core::v1::ObjectFieldSelector& field,
                           field_use use, const field_path& at, findings& out);

void check_resource_reference(const core::v1::ResourceFieldSelector& resource,
                              field_use use, const field_path& at,
                              findings& out);

// -- placement ----------------------------------------------------------------

void check_placement(const core::v1::PodSpec& spec, const field_path& at,
                     findings& out);

void check_affinity(const core::v1::Affinity& affinity, const field_path& at,
                    findings& out);

void check_dns(const core::v1::PodSpec& spec, const field_path& at,
               findings& out);

void check_claims(const core::v1::PodSpec& spec, const field_path& at,
                  findings& out);

// -- security -----------------------------------------------------------------

void check_pod_security(const core::v1::PodSpec& spec, const field_path& at,
                        findings& out);

} // namespace troupe::rules
