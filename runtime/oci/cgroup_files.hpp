#pragma once

#include "messages/errors.hpp"
#include "runtime/oci/cgroups.hpp"

namespace troupe::oci {

/// The machine's layout.
cgroup_layout read_layout();

/// cgroup_prefix of a folder, by whatever name it is known.
std::string node_prefix(const std::string& pods_folder);

/// Makes the group in every hierarchy, with everything above it. Processors
/// and memory nodes are those of the group above.
caf::error make_group(const cgroup_layout& layout, const std::string& path);

/// Writes all of them; the first that fails is told.
caf::error apply(const std::vector<setting>& settings);

/// Removes the group and all below it, in every hierarchy; with `kill` every
/// process in it is killed first. False while processes are still about to
/// end.
bool remove_group(const cgroup_layout& layout, const std::string& path,
                  bool kill);

/// Removes the group where nothing is below it or in it.
void drop_group(const cgroup_layout& layout, const std::string& path);

usage read_usage(const cgroup_layout& layout, const std::string& path);

} // namespace troupe::oci
