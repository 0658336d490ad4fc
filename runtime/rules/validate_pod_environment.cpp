#include "runtime/rules/formats.hpp"
#include "runtime/rules/pod_checks.hpp"
#include "runtime/text/quantity.hpp"

#include <algorithm>
#include <array>

namespace troupe::rules {

using core::v1::Container;
using core::v1::EnvFromSource;
using core::v1::EnvVarSource;
using core::v1::ObjectFieldSelector;
using core::v1::ResourceFieldSelector;

namespace {

constexpr std::array environment_fields{
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
};

constexpr std::array volume_fields{
    "metadata.annotations", "metadata.labels", "metadata.name",
    "metadata.namespace",   "metadata.uid",
};

constexpr std::array resources{
    "limits.cpu",   "limits.ephemeral-storage",   "limits.memory",
    "requests.cpu", "requests.ephemeral-storage", "requests.memory",
};

std::string lower_case(std::string_view text) {
  std::string result{text};
  for (auto& c : result)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return result;
}

// Splits metadata.labels['key']; false when `path` has no such form.
bool split_subscript(std::string_view path, std::string_view& map,
                     std::string_view& key) {
  auto open = path.find("['");
  if (open == std::string_view::npos || open == 0 || !path.ends_with("']")
      || path.size() < open + 4)
    return false;
  map = path.substr(0, open);
  key = path.substr(open + 2, path.size() - open - 4);
  return true;
}

void check_subscript(std::string_view map, std::string_view key,
                     const field_path& at, findings& out) {
  out.invalid(at, key,
              check_qualified_name(map == "metadata.annotations"
                                       ? lower_case(key)
                                       : std::string{key}));
}

/// What Kubernetes knows of pods, though not all of it here; "" when it does.
std::string unknown_field(const ObjectFieldSelector& field) {
  constexpr std::array known{
      "metadata.annotations", "metadata.labels",    "metadata.name",
      "metadata.namespace",   "metadata.uid",       "spec.nodeName",
      "spec.restartPolicy",   "spec.schedulerName", "spec.serviceAccountName",
      "status.phase",         "status.hostIP",      "status.hostIPs",
      "status.podIP",         "status.podIPs"};
  auto& path = field.field_path();
  std::string_view map;
  std::string_view key;
  if (field.api_version() != "v1")
    return "unsupported pod version: " + field.api_version();
  if (split_subscript(path, map, key))
    return map == "metadata.annotations" || map == "metadata.labels"
               ? std::string{}
               : "field label does not support subscript: " + path;
  return std::find(known.begin(), known.end(), path) != known.end()
             ? std::string{}
             : "field label not supported: " + path;
}

template <class List>
std::vector<std::string> words(const List& list) {
  return {list.begin(), list.end()};
}

/// What a divisor is of, as messages call it; "" where none is checked.
std::string_view divided_resource(std::string_view name) {
  auto dot = name.find('.');
  auto resource = dot == name.npos ? name : name.substr(dot + 1);
  if (resource == "cpu" || resource == "memory")
    return resource;
  if (resource == "ephemeral-storage")
    return "local ephemeral storage";
  return resource.starts_with("hugepages-") ? "hugepages" : "";
}

void check_divisor(const ResourceFieldSelector& resource, const field_path& at,
                   findings& out) {
  auto divisor = text::quantity::parse(resource.divisor());
  auto what = divided_resource(resource.resource());
  if (what.empty() || !divisor || divisor->is_zero())
    return;
  constexpr std::string_view sizes[] = {"1",   "1k",  "1M",  "1G",  "1T",
                                        "1P",  "1E",  "1Ki", "1Mi", "1Gi",
                                        "1Ti", "1Pi", "1Ei"};
  auto text = divisor->str();
  auto processor = what == "cpu";
  auto good = processor ? text == "1m" || text == "1"
                        : std::find(std::begin(sizes), std::end(sizes), text)
                              != std::end(sizes);
  // Kubernetes shows the resource where the divisor is wrong.
  if (!good)
    out.invalid(at, resource.resource(),
                std::string{"only divisor's values "}
                    + (processor ? "1m and 1"
                                 : "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, "
                                   "1Ti, 1Pi, 1Ei")
                    + " are supported with the " + std::string{what}
                    + " resource");
}

template <class T>
void check_key(const T& selector, const field_path& at, findings& out) {
  if (selector.key().empty())
    out.required(at.child("key"));
  else
    out.invalid(at.child("key"), selector.key(),
                check_config_key(selector.key()));
}

void check_file_key(const core::v1::FileKeySelector& file, const field_path& at,
                    findings& out) {
  if (file.volume_name().empty())
    out.required(at.child("volumeName"));
  if (file.path().empty())
    out.required(at.child("path"));
  else
    out.invalid(at.child("path"), file.path(),
                check_relative_path(file.path()));
  if (file.key().empty())
    out.required(at.child("key"));
}

void check_value_source(const EnvVarSource& source, bool has_value,
                        const field_path& at, findings& out) {
  int count = source.has_field_ref() + source.has_resource_field_ref()
              + source.has_config_map_key_ref() + source.has_secret_key_ref()
              + source.has_file_key_ref();
  if (count == 0)
    out.invalid(at, "",
                "must specify one of: `fieldRef`, `resourceFieldRef`, "
                "`configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
  if (count > 1)
    out.invalid(at, "", "may not have more than one field specified at a time");
  if (has_value)
    out.invalid(at, "", "may not be specified when `value` is not empty");
  if (source.has_field_ref())
    check_field_reference(source.field_ref(), field_use::environment,
                          at.child("fieldRef"), out);
  if (source.has_resource_field_ref())
    check_resource_reference(source.resource_field_ref(),
                             field_use::environment,
                             at.child("resourceFieldRef"), out);
  if (source.has_config_map_key_ref())
    check_key(source.config_map_key_ref(), at.child("configMapKeyRef"), out);
  if (source.has_secret_key_ref())
    check_key(source.secret_key_ref(), at.child("secretKeyRef"), out);
  if (source.has_file_key_ref())
    check_file_key(source.file_key_ref(), at.child("fileKeyRef"), out);
}

/// Kubernetes tells of the list where a source is not the only one.
void check_whole_source(const EnvFromSource& source, const field_path& list,
                        const field_path& at, findings& out) {
  if (!source.prefix().empty())
    out.invalid(at.child("prefix"), source.prefix(),
                check_env_name(source.prefix()));
  if (!source.has_config_map_ref() && !source.has_secret_ref())
    out.invalid(list, "", "must specify one of: `configMapRef` or `secretRef`");
  if (source.has_config_map_ref() && source.has_secret_ref())
    out.invalid(list, "",
                "may not have more than one field specified at a time");
  auto check_reference = [&](const std::string& name, const field_path& place) {
    if (name.empty())
      out.required(place);
    else
      out.invalid(place, name, check_dns1123_subdomain(name));
  };
  if (source.has_config_map_ref())
    check_reference(source.config_map_ref().local_object_reference().name(),
                    at.child("configMapRef.name"));
  if (source.has_secret_ref())
    check_reference(source.secret_ref().local_object_reference().name(),
                    at.child("secretRef.name"));
}

} // namespace

void check_field_reference(const ObjectFieldSelector& field, field_use use,
                           const field_path& at, findings& out) {
  auto& path = field.field_path();
  if (field.api_version().empty())
    return out.required(at.child("apiVersion"));
  auto place = at.child("fieldPath");
  if (path.empty())
    return out.required(place);
  if (auto problem = unknown_field(field); !problem.empty())
    return out.invalid(place, path, "error converting fieldPath: " + problem);
  std::string_view map;
  std::string_view key;
  if (split_subscript(path, map, key))
    return check_subscript(map, key, at, out);
  auto known = use == field_use::environment ? words(environment_fields)
                                             : words(volume_fields);
  if (std::find(known.begin(), known.end(), path) == known.end())
    out.not_supported(place, path, std::move(known));
}

void check_resource_reference(const ResourceFieldSelector& resource,
                              field_use use, const field_path& at,
                              findings& out) {
  auto& name = resource.resource();
  bool known =
      std::find(resources.begin(), resources.end(), name) != resources.end()
      || name.starts_with("limits.hugepages-")
      || name.starts_with("requests.hugepages-");
  if (use == field_use::volume && resource.container_name().empty())
    out.required(at.child("containerName"));
  else if (name.empty())
    out.required(at.child("resource"));
  else if (!known)
    out.not_supported(at.child("resource"), name, words(resources));
  check_divisor(resource, at.child("divisor"), out);
}

void check_environment(const Container& container, const field_path& at,
                       findings& out) {
  auto list = at.child("env");
  for (int i = 0; i < container.env_size(); ++i) {
    auto& variable = container.env(i);
    auto one = list[static_cast<size_t>(i)];
    if (variable.name().empty())
      out.required(one.child("name"));
    else
      out.invalid(one.child("name"), variable.name(),
                  check_env_name(variable.name()));
    if (variable.has_value_from())
      check_value_source(variable.value_from(), !variable.value().empty(),
                         one.child("valueFrom"), out);
  }
  auto sources = at.child("envFrom");
  for (int i = 0; i < container.env_from_size(); ++i) {
    auto one = sources[static_cast<size_t>(i)];
    check_whole_source(container.env_from(i), sources, one, out);
  }
}

} // namespace troupe::rules
