#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::container {
class Resources;
class SandboxConfig;
} // namespace troupe::container

/// Control groups: where they are and what is written into them. Pure.
///
///   PREFIX/kubepods/podUID/ID                of pods that are Guaranteed
///   PREFIX/kubepods/burstable/podUID/ID
///   PREFIX/kubepods/besteffort/podUID/ID
namespace troupe::oci {

/// A hierarchy as it is mounted.
struct hierarchy {
  std::string folder;                   ///< "/sys/fs/cgroup/memory"
  std::vector<std::string> controllers; ///< "cpu", "cpuacct"; none if named
};

/// How the machine has its control groups.
struct cgroup_layout {
  bool unified = false; ///< version 2, of everything
  /// Version 1, and beside it a tree of version 2.
  bool hybrid = false;
  std::vector<hierarchy> hierarchies; ///< one of version 2, or all of version 1
  bool counts_swap = false; ///< limits of memory and swap are possible

  /// Folder of the hierarchy with this controller; empty when there is none.
  std::string folder_of(std::string_view controller) const;
};

/// Reads /proc/self/mountinfo. Without any control groups there are no
/// hierarchies.
cgroup_layout parse_layout(std::string_view mountinfo);

/// A name for the groups of one node among others of the machine, of the folder
/// that only it has.
std::string cgroup_prefix(std::string_view pods_folder);

/// "/PREFIX/kubepods/burstable".
std::string class_path(const std::string& prefix,
                       const container::SandboxConfig& pod);

/// "/PREFIX/kubepods/burstable/podUID".
std::string pod_path(const std::string& prefix,
                     const container::SandboxConfig& pod);

/// One value for one file.
struct setting {
  std::string file; ///< whole path
  std::string value;
};

/// What makes the group at `path` be limited so, in the order in which it can
/// be written when it grows. With `lift`, limits that are not set are lifted.
std::vector<setting> settings_of(const cgroup_layout& layout,
                                 const std::string& path,
                                 const container::Resources& resources,
                                 bool lift = false);

/// Weight of version 2 for shares of version 1, as Kubernetes maps them.
int64_t weight_of_shares(int64_t shares);

/// Folders of the group in all hierarchies.
std::vector<std::string> folders_of(const cgroup_layout& layout,
                                    const std::string& path);

/// File in which the kernel counts whom it killed for lack of memory.
std::string oom_file_of(const cgroup_layout& layout, const std::string& path);

/// What a group has used.
struct usage {
  uint64_t cpu_ns = 0;      ///< since it exists
  uint64_t memory = 0;      ///< bytes, caches included
  uint64_t working_set = 0; ///< bytes that cannot be given back at once
  uint64_t processes = 0;
};

/// The texts of the files that tell of usage.
struct usage_texts {
  std::string cpu;         ///< cpuacct.usage, or cpu.stat
  std::string memory;      ///< memory.usage_in_bytes, or memory.current
  std::string memory_stat; ///< memory.stat
  std::string processes;   ///< pids.current
};

/// Names of those files, in the same order; empty where there is none.
usage_texts usage_files(const cgroup_layout& layout, const std::string& path);

/// Reads them; what cannot be read counts as nothing.
usage usage_of(const cgroup_layout& layout, const usage_texts& texts);

} // namespace troupe::oci
