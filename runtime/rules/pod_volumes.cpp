#include "runtime/rules/pod_volumes.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/rules/pod_downward.hpp"
#include "runtime/rules/pod_state.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace troupe::rules {

namespace {

using core::v1::Pod;

constexpr int32_t usual_mode = 0644;

// The content of one ConfigMap or Secret.
struct content {
  std::map<std::string, std::string> data;
};

expected<const object*> lookup(const std::map<std::string, object>& known,
                               const std::string& word, const std::string& name,
                               bool optional) {
  auto i = known.find(name);
  if (i != known.end())
    return &i->second;
  if (optional)
    return static_cast<const object*>(nullptr);
  return make_error(ec::not_found, word + " \"" + name + "\" not found");
}

content content_of(const core::v1::ConfigMap& map) {
  content c;
  c.data.insert(map.data().begin(), map.data().end());
  c.data.insert(map.binary_data().begin(), map.binary_data().end());
  return c;
}

content content_of(const core::v1::Secret& secret) {
  content c;
  c.data.insert(secret.data().begin(), secret.data().end());
  return c;
}

// Returns the path without empty and "." parts; nothing when it leads out, or
// into the names that the layout keeps for itself.
std::optional<std::string> inside(const std::string& path) {
  if (path.empty() || path.front() == '/')
    return std::nullopt;
  std::string out;
  for (size_t at = 0; at < path.size();) {
    auto end = std::min(path.find('/', at), path.size());
    auto part = path.substr(at, end - at);
    at = end + 1;
    if (part == "..")
      return std::nullopt;
    if (!part.empty() && part != ".")
      out += (out.empty() ? "" : "/") + part;
  }
  if (out.empty() || out.rfind("..", 0) == 0)
    return std::nullopt;
  return out;
}

class planner {
public:
  planner(const Pod& pod, const pod_references& known,
          const core::v1::NodeStatus& node)
      : pod_(pod), known_(known), node_(node) {}

  expected<volume_plan> plan(const core::v1::Volume& volume) {
    volume_plan out;
    out.name = volume.name();
    const auto& group = pod_.spec().security_context();
    if (group.has_fs_group())
      out.owner_group = group.fs_group();
    const auto& source = volume.volume_source();
    caf::error err;
    if (source.has_host_path()) {
      out.kind = volume_plan::form::host_path;
      out.host_path = source.host_path().path();
      out.host_type = source.host_path().type();
    } else if (source.has_config_map()) {
      err = config_map(source.config_map(), source.config_map(), out);
    } else if (source.has_secret()) {
      err = secret(source.secret().secret_name(), source.secret(),
                   source.secret(), out);
    } else if (source.has_downward_api()) {
      err =
          downward(source.downward_api(), mode_of(source.downward_api()), out);
    } else if (source.has_projected()) {
      err = projected(source.projected(), out);
    } else if (!source.has_empty_dir() && !is_empty(source)) {
      err = make_error(ec::invalid, "volume \"" + volume.name()
                                        + "\": this kind of volume is not "
                                          "provided on this node");
    }
    if (err)
      return err;
    finish(out);
    return out;
  }

private:
  // Kubernetes: a volume without a source is an emptyDir.
  static bool is_empty(const core::v1::VolumeSource& source) {
    return source.ByteSizeLong() == 0;
  }

  template <class Source>
  static int32_t mode_of(const Source& source) {
    return source.has_default_mode() ? source.default_mode() : usual_mode;
  }

  template <class Source, class Modes>
  caf::error config_map(const Source& source, const Modes& modes,
                        volume_plan& to) {
    const auto& name = source.local_object_reference().name();
    auto found =
        lookup(known_.config_maps, "configmap", name, source.optional());
    if (!found)
      return found.error();
    if (*found == nullptr)
      return caf::none;
    return pick("configmap",
                content_of((*found)->template as<core::v1::ConfigMap>()),
                source, mode_of(modes), to);
  }

  template <class Source, class Modes>
  caf::error secret(const std::string& name, const Source& source,
                    const Modes& modes, volume_plan& to) {
    auto found = lookup(known_.secrets, "secret", name, source.optional());
    if (!found)
      return found.error();
    if (*found == nullptr)
      return caf::none;
    return pick("secret", content_of((*found)->template as<core::v1::Secret>()),
                source, mode_of(modes), to);
  }

  // All keys as files of that name, or the chosen ones at the chosen paths.
  template <class Source>
  caf::error pick(const std::string& word, const content& from,
                  const Source& source, int32_t mode, volume_plan& to) {
    if (source.items_size() == 0) {
      for (const auto& [key, bytes] : from.data)
        to.files.push_back({key, bytes, mode});
      return caf::none;
    }
    for (const auto& item : source.items()) {
      auto i = from.data.find(item.key());
      if (i == from.data.end()) {
        if (source.optional())
          continue;
        return make_error(ec::not_found, word + " references non-existent "
                                             + word + " key: " + item.key());
      }
      to.files.push_back(
          {item.path(), i->second, item.has_mode() ? item.mode() : mode});
    }
    return caf::none;
  }

  template <class Source>
  caf::error downward(const Source& source, int32_t mode, volume_plan& to) {
    for (const auto& item : source.items()) {
      auto value = item.has_resource_field_ref()
                       ? amount(item.resource_field_ref())
                       : field_value(pod_, item.field_ref().field_path());
      if (!value)
        return value.error();
      to.files.push_back(
          {item.path(), *value, item.has_mode() ? item.mode() : mode});
    }
    return caf::none;
  }

  expected<std::string> amount(const core::v1::ResourceFieldSelector& what) {
    auto i = find_container(pod_, what.container_name());
    if (!i)
      return make_error(ec::invalid,
                        "container " + what.container_name() + " not found");
    return resource_value(container_at(pod_, *i), what, node_);
  }

  caf::error projected(const core::v1::ProjectedVolumeSource& source,
                       volume_plan& to) {
    for (const auto& part : source.sources()) {
      caf::error err;
      if (part.has_config_map())
        err = config_map(part.config_map(), source, to);
      else if (part.has_secret())
        err = secret(part.secret().local_object_reference().name(),
                     part.secret(), source, to);
      else if (part.has_downward_api())
        err = downward(part.downward_api(), mode_of(source), to);
      else if (part.has_service_account_token())
        err = token(part.service_account_token(), mode_of(source), to);
      else
        err = make_error(ec::invalid,
                         "volume \"" + to.name
                             + "\": this kind of projection is not provided on "
                               "this node");
      if (err)
        return err;
    }
    return caf::none;
  }

  caf::error token(const core::v1::ServiceAccountTokenProjection& source,
                   int32_t mode, volume_plan& to) {
    auto i = known_.tokens.find(source.audience());
    if (i == known_.tokens.end())
      return make_error(ec::not_found, "no token of service account \""
                                           + pod_.spec().service_account_name()
                                           + "\" yet");
    // Where nobody issues tokens, who looks finds none, not an empty one.
    if (!i->second.empty())
      to.files.push_back({source.path(), i->second, mode});
    return caf::none;
  }

  // Files in order, a later source over an earlier one, none outside.
  static void finish(volume_plan& plan) {
    if (plan.files.empty() && plan.kind != volume_plan::form::files)
      return;
    std::map<std::string, planned_file> by_path;
    for (auto& file : plan.files)
      if (auto path = inside(file.path)) {
        file.path = *path;
        by_path[*path] = std::move(file);
      }
    plan.files.clear();
    // Kubernetes: the group of a volume that is only read may read all of it.
    constexpr int32_t read_by_group = 0440;
    for (auto& [path, file] : by_path) {
      if (plan.owner_group >= 0)
        file.mode |= read_by_group;
      plan.files.push_back(std::move(file));
    }
  }

  const Pod& pod_;
  const pod_references& known_;
  const core::v1::NodeStatus& node_;
};

bool has_files(const core::v1::VolumeSource& source) {
  return source.has_config_map() || source.has_secret()
         || source.has_downward_api() || source.has_projected();
}

} // namespace

expected<std::vector<volume_plan>>
plan_volumes(const Pod& pod, const pod_references& known,
             const core::v1::NodeStatus& node) {
  std::vector<volume_plan> plans;
  for (const auto& volume : pod.spec().volumes()) {
    auto plan = planner{pod, known, node}.plan(volume);
    if (!plan)
      return plan.error();
    if (has_files(volume.volume_source()))
      plan->kind = volume_plan::form::files;
    plans.push_back(std::move(*plan));
  }
  return plans;
}

expected<std::vector<planned_mount>>
plan_mounts(const core::v1::Container& container, const env_list& env) {
  std::vector<planned_mount> mounts;
  for (const auto& mount : container.volume_mounts()) {
    planned_mount out;
    out.volume = mount.name();
    out.container_path = mount.mount_path();
    out.read_only = mount.read_only();
    out.sub_path = mount.sub_path();
    if (!mount.sub_path_expr().empty()) {
      auto path = expand_strictly(mount.sub_path_expr(), env);
      if (!path)
        return path.error();
      out.sub_path = std::move(*path);
    }
    if (!out.sub_path.empty()) {
      auto path = inside(out.sub_path);
      if (!path)
        return make_error(ec::invalid, "subPath \"" + out.sub_path
                                           + "\" leads out of volume \""
                                           + out.volume + "\"");
      out.sub_path = std::move(*path);
    }
    mounts.push_back(std::move(out));
  }
  return mounts;
}

bool has_changing_volumes(const Pod& pod) {
  const auto& volumes = pod.spec().volumes();
  return std::any_of(volumes.begin(), volumes.end(), [](const auto& volume) {
    return has_files(volume.volume_source());
  });
}

std::vector<std::string> top_names(const volume_plan& plan) {
  std::set<std::string> names;
  for (const auto& file : plan.files)
    names.insert(file.path.substr(0, file.path.find('/')));
  return {names.begin(), names.end()};
}

} // namespace troupe::rules
