#include "runtime/process/shim.hpp"

#include <climits>

#include <cerrno>
#include <cstdlib>

namespace troupe::process::shim {

namespace {

/// A count of things that take at least `least` bytes each.
uint32_t parse_count(wire_reader& fields, size_t least) {
  auto count = fields.u32();
  if (count > static_cast<size_t>(fields.end - fields.at) / least) {
    fields.good = false;
    return 0;
  }
  return count;
}

template <class T>
T* make_array(size_t count) {
  auto result = static_cast<T*>(calloc(count + 1, sizeof(T)));
  if (result == nullptr)
    abort();
  return result;
}

void parse_groups(wire_reader& fields, container_config& config) {
  config.group_count = parse_count(fields, 8);
  config.groups = make_array<gid_t>(config.group_count);
  for (uint32_t i = 0; i < config.group_count; ++i)
    config.groups[i] = static_cast<gid_t>(fields.i64());
  if (config.group_count > max_groups)
    fields.good = false;
}

void parse_mounts(wire_reader& fields, container_config& config) {
  config.mount_count = parse_count(fields, 14);
  config.mounts = make_array<mount_config>(config.mount_count);
  for (uint32_t i = 0; i < config.mount_count; ++i) {
    auto& mount = config.mounts[i];
    mount.target = fields.text().data();
    mount.source = fields.text().data();
    mount.flags = fields.u32();
    if (strlen(mount.target) >= PATH_MAX || strlen(mount.source) >= PATH_MAX)
      fields.good = false;
  }
  if (config.mount_count > max_mounts)
    fields.good = false;
}

} // namespace

char** parse_texts(wire_reader& fields) {
  auto count = parse_count(fields, 5);
  auto result = make_array<char*>(count);
  for (uint32_t i = 0; i < count; ++i)
    result[i] = const_cast<char*>(fields.text().data());
  return result;
}

failure parse_config(wire_reader fields, container_config& config) {
  config.id = fields.text().data();
  config.folder = fields.text().data();
  config.flags = fields.u32();
  config.stop_signal = static_cast<int>(fields.i64());
  config.user = fields.i64();
  config.group = fields.i64();
  config.capabilities = static_cast<uint64_t>(fields.i64());
  config.working_dir = fields.text().data();
  config.log_path = fields.text().data();
  config.log_bytes = fields.i64();
  config.log_files = fields.u32();
  parse_groups(fields, config);
  parse_mounts(fields, config);
  config.arguments = parse_texts(fields);
  config.environment = parse_texts(fields);
  if (config.flags & by_runtime) {
    config.runtime = fields.text().data();
    config.bundle = fields.text();
    config.command = fields.text();
    config.layers = parse_texts(fields);
    config.groups_of_it = parse_texts(fields);
    config.oom_file = fields.text().data();
  }
  if (!fields.good || config.arguments[0] == nullptr
      || strlen(config.log_path) >= PATH_MAX - 16
      || strlen(config.working_dir) >= PATH_MAX)
    return fail(EINVAL, "the container's description cannot be read");
  return {};
}

void free_config(container_config& config) {
  free(config.groups);
  free(config.mounts);
  free(config.arguments);
  free(config.environment);
  free(config.layers);
  free(config.groups_of_it);
  config = container_config{};
}

} // namespace troupe::process::shim
