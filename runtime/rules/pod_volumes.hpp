#pragma once

#include "messages/errors.hpp"
#include "runtime/rules/pod_env.hpp"
#include "runtime/rules/pod_references.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::rules {

/// A file of a volume whose content comes from the API.
struct planned_file {
  std::string path; ///< relative, such as "certs/ca.crt"
  std::string bytes;
  int32_t mode = 0644;

  friend bool operator==(const planned_file&, const planned_file&) = default;
};

/// What a volume is made of.
struct volume_plan {
  enum class form : uint8_t {
    directory, ///< emptyDir: made once, empty, writable by all
    files,     ///< replaced as a whole whenever the content changes
    host_path, ///< a path of the machine, checked by `host_type`
  };

  std::string name;
  form kind = form::directory;
  std::vector<planned_file> files; ///< by path
  std::string host_path;
  std::string host_type;    ///< "", Directory, DirectoryOrCreate, File, ...
  int64_t owner_group = -1; ///< fsGroup, if any

  friend bool operator==(const volume_plan&, const volume_plan&) = default;
};

/// Where a container sees a volume.
struct planned_mount {
  std::string volume;
  std::string container_path;
  std::string sub_path; ///< of the volume; empty: all of it
  bool read_only = false;
};

/// Returns what the pod's volumes are made of. Fails where an object or key
/// that is not optional is missing, and for kinds of volume that no runtime
/// here can provide.
expected<std::vector<volume_plan>>
plan_volumes(const core::v1::Pod& pod, const pod_references& known,
             const core::v1::NodeStatus& node);

/// Returns a container's mounts, subPathExpr replaced by variables of `env`.
expected<std::vector<planned_mount>>
plan_mounts(const core::v1::Container& container, const env_list& env);

/// Whether any volume has content that may change while the pod runs.
bool has_changing_volumes(const core::v1::Pod& pod);

/// The visible names of a volume of files: each is a link into `..data`, which
/// is a link to the folder of the present content and is exchanged at once.
std::vector<std::string> top_names(const volume_plan& plan);

} // namespace troupe::rules
