#include "messages/api/core_reference.pb.h"
#include "messages/api/core_storage.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/storage.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/counts.hpp"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds_stored.hpp"
#include "runtime/rules/quantities.hpp"
#include "runtime/rules/validate_meta.hpp"
#include "runtime/rules/validate_volumes.hpp"

#include <algorithm>
#include <set>

namespace troupe::rules {

using namespace storage::v1;

namespace {

constexpr size_t most_bytes = size_t{256} * 1024;
constexpr size_t most_parameters = 512;
constexpr size_t longest_message = 1024;
constexpr size_t longest_node_id = 128;
constexpr int64_t shortest_token = 600;
constexpr int64_t longest_token = int64_t{1} << 32;

std::string in_lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

size_t bytes_of(const string_map& all) {
  size_t result = 0;
  for (auto& [key, value] : all)
    result += key.size() + value.size();
  return result;
}

// -- StorageClass -------------------------------------------------------------

void check_parameters(const string_map& all, findings& out) {
  field_path at{"parameters"};
  if (all.size() > most_parameters)
    return out.too_long(at, most_parameters, "bytes");
  if (all.contains(""))
    out.invalid(at, "", "field can not be empty.");
  if (bytes_of(all) > most_bytes)
    out.too_long(at, most_bytes, "bytes");
}

void check_requirement(const core::v1::TopologySelectorLabelRequirement& one,
                       const field_path& at, findings& out) {
  auto values = at.child("values");
  if (one.values().empty())
    out.required(values);
  std::set<std::string> seen;
  for (int i = 0; i < one.values_size(); ++i)
    if (!seen.insert(one.values(i)).second)
      out.duplicate(values[static_cast<size_t>(i)], one.values(i));
  out.invalid(at.child("key"), one.key(), check_qualified_name(one.key()));
}

void check_topologies(const StorageClass& obj, findings& out) {
  field_path at{"allowedTopologies"};
  for (int i = 0; i < obj.allowed_topologies_size(); ++i) {
    auto& term = obj.allowed_topologies(i);
    auto one = at[static_cast<size_t>(i)];
    auto list = one.child("matchLabelExpressions");
    std::set<std::string> keys;
    for (int j = 0; j < term.match_label_expressions_size(); ++j) {
      auto& each = term.match_label_expressions(j);
      auto place = list[static_cast<size_t>(j)];
      check_requirement(each, place, out);
      if (!keys.insert(each.key()).second)
        out.duplicate(place.child("key"), each.key());
    }
    for (int j = 0; j < i; ++j)
      if (canonical_equal(term, obj.allowed_topologies(j)))
        out.duplicate(list, "");
  }
}

void validate_class(const StorageClass& obj, findings& out) {
  field_path at{"provisioner"};
  if (obj.provisioner().empty())
    out.required(at);
  else
    out.invalid(at, obj.provisioner(),
                check_qualified_name(in_lower_case(obj.provisioner())));
  check_parameters(obj.parameters(), out);
  // The field knows one more policy, which is for volumes alone.
  if (obj.reclaim_policy() == "Recycle")
    out.not_supported(field_path{"reclaimPolicy"}, obj.reclaim_policy(),
                      {"Delete", "Retain"});
  if (!obj.has_volume_binding_mode())
    out.required(field_path{"volumeBindingMode"});
  check_topologies(obj, out);
}

void validate_class_update(const StorageClass& obj, const StorageClass& old,
                           findings& out) {
  auto keep = [&](bool same, const char* name) {
    if (!same)
      out.forbidden(field_path{name},
                    "updates to " + std::string{name} + " are forbidden.");
  };
  keep(same_entries(obj.parameters(), old.parameters()), "parameters");
  keep(obj.provisioner() == old.provisioner(), "provisioner");
  keep(obj.reclaim_policy() == old.reclaim_policy(), "reclaimPolicy");
  require_unchanged(obj.volume_binding_mode() == old.volume_binding_mode(),
                    obj.volume_binding_mode(), field_path{"volumeBindingMode"},
                    out);
}

// -- VolumeAttachment ---------------------------------------------------------

void check_attached(const VolumeAttachmentSource& source, const field_path& at,
                    findings& out) {
  constexpr std::string_view one_of_two =
      "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  auto named = source.has_persistent_volume_name();
  auto inlined = source.has_inline_volume_spec();
  auto& name = source.persistent_volume_name();
  auto place = at.child("inlineVolumeSpec");
  if (!named && !inlined)
    out.required(at, one_of_two);
  else if (named && inlined)
    out.forbidden(at, one_of_two);
  else if (named && name.empty())
    out.required(at.child("persistentVolumeName"),
                 "must specify non empty persistentVolumeName");
  else if (named)
    out.invalid(at.child("persistentVolumeName"), name,
                check_dns1123_subdomain(name));
  else
    check_inline_volume(source.inline_volume_spec(), place, out);
}

void check_attachment_status(const VolumeAttachment& obj, findings& out) {
  field_path at{"status"};
  auto& status = obj.status();
  if (bytes_of(status.attachment_metadata()) > most_bytes)
    out.too_long(at.child("attachmentMetadata"), most_bytes, "bytes");
  if (status.attach_error().message().size() > longest_message)
    out.too_long(at.child("attachError.message"), longest_message, "bytes");
  if (status.detach_error().message().size() > longest_message)
    out.too_long(at.child("detachError.message"), longest_message, "bytes");
}

void validate_attachment(const VolumeAttachment& obj, findings& out) {
  field_path at{"spec"};
  auto& spec = obj.spec();
  check_driver_name(spec.attacher(), at.child("attacher"), out);
  auto source = at.child("source");
  check_attached(spec.source(), source, out);
  out.invalid(at.child("nodeName"), spec.node_name(),
              check_dns1123_subdomain(spec.node_name()));
  check_attachment_status(obj, out);
}

void validate_attachment_status(const VolumeAttachment& obj,
                                const VolumeAttachment&, findings& out) {
  check_attachment_status(obj, out);
}

template <class T>
void keep_spec(const T& obj, const T& old, findings& out) {
  require_unchanged(canonical_equal(obj.spec(), old.spec()), "",
                    field_path{"spec"}, out);
}

// -- CSINode ------------------------------------------------------------------

void check_topology_keys(const CSINodeDriver& driver, const field_path& at,
                         findings& out) {
  std::set<std::string> seen;
  for (auto& key : driver.topology_keys()) {
    if (key.empty())
      out.required(at);
    if (!seen.insert(key).second)
      out.duplicate(at, key);
    out.invalid(at, key, check_qualified_name(key));
  }
}

void validate_node(const CSINode& obj, findings& out) {
  field_path at{"spec.drivers"};
  std::set<std::string> seen;
  for (int i = 0; i < obj.spec().drivers_size(); ++i) {
    auto& driver = obj.spec().drivers(i);
    auto one = at[static_cast<size_t>(i)];
    check_driver_name(driver.name(), one.child("name"), out);
    if (driver.node_id().empty())
      out.required(one.child("nodeID"));
    if (driver.node_id().size() > longest_node_id)
      out.invalid(one.child("nodeID"), driver.node_id(),
                  "must be " + std::to_string(longest_node_id)
                      + " characters or less");
    if (driver.allocatable().has_count())
      require_count(driver.allocatable().count(),
                    one.child("allocatable.count"), out);
    if (!seen.insert(driver.name()).second)
      out.duplicate(one.child("name"), driver.name());
    check_topology_keys(driver, one, out);
  }
}

void validate_node_update(const CSINode& obj, const CSINode& old,
                          findings& out) {
  for (auto& before : old.spec().drivers())
    for (auto& now : obj.spec().drivers())
      if (now.name() == before.name())
        require_unchanged(canonical_equal(now, before), now.name(),
                          field_path{"CSINodeDriver"}, out);
}

// -- CSIDriver ----------------------------------------------------------------

void check_tokens(const CSIDriver& obj, findings& out) {
  field_path at{"spec.tokenRequests"};
  std::set<std::string> seen;
  for (int i = 0; i < obj.spec().token_requests_size(); ++i) {
    auto& token = obj.spec().token_requests(i);
    auto one = at[static_cast<size_t>(i)];
    if (!seen.insert(token.audience()).second) {
      out.duplicate(one.child("audience"), token.audience());
      continue;
    }
    auto seconds = token.expiration_seconds();
    auto life = one.child("expirationSeconds");
    if (token.has_expiration_seconds() && seconds < shortest_token)
      out.invalid(life, seconds,
                  "may not specify a duration less than 10 minutes");
    if (seconds > longest_token)
      out.invalid(life, seconds,
                  "may not specify a duration larger than 2^32 seconds");
  }
}

void validate_driver(const CSIDriver& obj, findings& out) {
  field_path at{"spec"};
  auto& spec = obj.spec();
  if (!spec.has_attach_required())
    out.required(at.child("attachedRequired"));
  if (!spec.has_pod_info_on_mount())
    out.required(at.child("podInfoOnMount"));
  auto& policy = spec.fs_group_policy();
  if (spec.has_fs_group_policy() && policy != "ReadWriteOnceWithFSType"
      && policy != "File" && policy != "None")
    out.not_supported(at.child("fsGroupPolicy"), policy,
                      {"File", "None", "ReadWriteOnceWithFSType"});
  for (auto& mode : spec.volume_lifecycle_modes())
    if (mode != "Persistent" && mode != "Ephemeral")
      out.not_supported(at.child("volumeLifecycleModes"), mode,
                        {"Persistent", "Ephemeral"});
  check_tokens(obj, out);
}

void validate_driver_update(const CSIDriver& obj, const CSIDriver& old,
                            findings& out) {
  field_path at{"spec"};
  require_unchanged(
      obj.spec().attach_required() == old.spec().attach_required(),
      obj.spec().attach_required(), at.child("attachedRequired"), out);
  auto& now = obj.spec().volume_lifecycle_modes();
  auto& before = old.spec().volume_lifecycle_modes();
  require_unchanged(
      std::equal(now.begin(), now.end(), before.begin(), before.end()), "",
      at.child("volumeLifecycleModes"), out);
}

// -- CSIStorageCapacity -------------------------------------------------------

void validate_capacity(const CSIStorageCapacity& obj, findings& out) {
  if (obj.has_node_topology())
    validate_selector(obj.node_topology(), field_path{"nodeTopology"}, out);
  out.invalid(field_path{"storageClassName"}, obj.storage_class_name(),
              check_dns1123_subdomain(obj.storage_class_name()));
  if (obj.has_capacity())
    check_amount(obj.capacity(), field_path{"capacity"}, out);
  if (obj.has_maximum_volume_size())
    check_amount(obj.maximum_volume_size(), field_path{"maximumVolumeSize"},
                 out);
}

void validate_capacity_update(const CSIStorageCapacity& obj,
                              const CSIStorageCapacity& old, findings& out) {
  require_unchanged(
      obj.has_node_topology() == old.has_node_topology()
          && canonical_equal(obj.node_topology(), old.node_topology()),
      "", field_path{"nodeTopology"}, out);
  require_unchanged(obj.storage_class_name() == old.storage_class_name(),
                    obj.storage_class_name(), field_path{"storageClassName"},
                    out);
}

} // namespace

void add_storage_validation(registry& all) {
  auto& classes = all.of<StorageClass>();
  classes.validate = check<StorageClass, validate_class>;
  classes.validate_update = check_from<StorageClass, validate_class_update>;
  auto& attachments = all.of<VolumeAttachment>();
  attachments.validate = check<VolumeAttachment, validate_attachment>;
  attachments.validate_update =
      check_from<VolumeAttachment, keep_spec<VolumeAttachment>>;
  attachments.validate_status =
      check_from<VolumeAttachment, validate_attachment_status>;
  auto& nodes = all.of<CSINode>();
  nodes.validate = check<CSINode, validate_node>;
  nodes.validate_update = check_from<CSINode, validate_node_update>;
  auto& drivers = all.of<CSIDriver>();
  drivers.validate = check<CSIDriver, validate_driver>;
  drivers.validate_update = check_from<CSIDriver, validate_driver_update>;
  auto& capacities = all.of<CSIStorageCapacity>();
  capacities.validate = check<CSIStorageCapacity, validate_capacity>;
  capacities.validate_update =
      check_from<CSIStorageCapacity, validate_capacity_update>;
}

} // namespace troupe::rules
