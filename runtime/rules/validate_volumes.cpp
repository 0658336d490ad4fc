#include "runtime/rules/validate_volumes.hpp"

#include "messages/api/core_storage.pb.h"
#include "messages/api/core_volume.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds_stored.hpp"
#include "runtime/rules/node_selector.hpp"
#include "runtime/rules/quantities.hpp"
#include "runtime/rules/validate_meta.hpp"
#include "runtime/rules/volume_sources.hpp"

#include <algorithm>

namespace troupe::rules {

using namespace core::v1;

namespace {

constexpr auto class_note = "volume.beta.kubernetes.io/storage-class";

void check_modes(const google::protobuf::RepeatedPtrField<std::string>& modes,
                 std::string_view missing, const field_path& at,
                 findings& out) {
  static const std::vector<std::string> known{
      "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"};
  if (modes.empty())
    out.required(at, missing);
  for (auto& mode : modes)
    if (std::find(known.begin(), known.end(), mode) == known.end())
      out.not_supported(at, mode, known);
  auto alone = std::find(modes.begin(), modes.end(), "ReadWriteOncePod");
  if (modes.size() > 1 && alone != modes.end())
    out.forbidden(at, "may not use ReadWriteOncePod with other access modes");
}

void check_class_name(const std::string& name, const field_path& at,
                      findings& out) {
  if (!name.empty())
    out.invalid(at, name, check_dns1123_subdomain(name));
}

void require_positive(const meta::v1::Quantity& amount, const field_path& at,
                      findings& out) {
  if (auto value = check_amount(amount, at, out); value && value->is_zero())
    out.invalid(at, amount.string(), "must be greater than zero");
}

// -- sources ------------------------------------------------------------------

/// The order of Kubernetes: whoever gives two reads of the second.
void check_one_source(const PersistentVolumeSource& s, const std::string& name,
                      const field_path& at, findings& out) {
  one_source one{at, out};
  one.take(s.has_host_path(), s.host_path(), "hostPath");
  one.take(s.has_gce_persistent_disk(), s.gce_persistent_disk(),
           "gcePersistentDisk", "persistentDisk");
  one.take(s.has_aws_elastic_block_store(), s.aws_elastic_block_store(),
           "awsElasticBlockStore");
  one.take(s.has_glusterfs(), s.glusterfs(), "glusterfs");
  one.take(s.has_flocker(), s.flocker(), "flocker");
  one.take(s.has_nfs(), s.nfs(), "nfs");
  one.take(s.has_rbd(), s.rbd(), "rbd");
  one.take(s.has_quobyte(), s.quobyte(), "quobyte");
  one.take(s.has_cephfs(), s.cephfs(), "cephFS", "cephfs");
  one.take_with(s.has_iscsi(), "iscsi", "iscsi", [&](auto& place) {
    if (s.iscsi().has_initiator_name()
        && too_long_for_initiator(name, s.iscsi().target_portal()))
      out.invalid(place.child("targetportal"), s.iscsi().target_portal(),
                  too_long_for_initiator_text);
    check_source(s.iscsi(), place, out);
  });
  one.take(s.has_cinder(), s.cinder(), "cinder");
  one.take(s.has_fc(), s.fc(), "fc");
  one.take(s.has_flex_volume(), s.flex_volume(), "flexVolume");
  one.take(s.has_azure_file(), s.azure_file(), "azureFile");
  one.take(s.has_vsphere_volume(), s.vsphere_volume(), "vsphereVolume");
  one.take(s.has_photon_persistent_disk(), s.photon_persistent_disk(),
           "photonPersistentDisk");
  one.take(s.has_portworx_volume(), s.portworx_volume(), "portworxVolume");
  one.take(s.has_azure_disk(), s.azure_disk(), "azureDisk");
  one.take(s.has_scale_io(), s.scale_io(), "scaleIO");
  one.take(s.has_local(), s.local(), "local");
  one.take(s.has_storageos(), s.storageos(), "storageos");
  one.take(s.has_csi(), s.csi(), "csi");
}

// -- volumes ------------------------------------------------------------------

void check_capacity(const PersistentVolumeSpec& spec, const field_path& at,
                    findings& out) {
  auto& all = spec.capacity();
  if (all.empty())
    out.required(at);
  if (!all.contains("storage") || all.size() > 1)
    out.not_supported(at, all.empty() ? "" : all.begin()->first, {"storage"});
  for (auto& [name, amount] : all)
    require_positive(amount, at.key(name), out);
}

void check_affinity_of(const PersistentVolumeSpec& spec, const field_path& at,
                       findings& out) {
  auto& affinity = spec.node_affinity();
  auto required = at.child("required");
  if (spec.has_node_affinity() && affinity.has_required())
    check_node_selector(affinity.required(), required, out);
  else if (spec.has_node_affinity())
    out.required(required, "must specify required node constraints");
  else if (spec.persistent_volume_source().has_local())
    out.required(at, "Local volume requires node affinity");
}

bool recycles_root(const PersistentVolumeSpec& spec) {
  auto& path = spec.persistent_volume_source().host_path().path();
  return spec.persistent_volume_reclaim_policy() == "Recycle" && !path.empty()
         && path.find_first_not_of('/') == std::string::npos;
}

void validate_volume(const PersistentVolume& volume, findings& out) {
  field_path at{"spec"};
  auto& spec = volume.spec();
  check_modes(spec.access_modes(), {}, at.child("accessModes"), out);
  auto capacity = at.child("capacity");
  check_capacity(spec, capacity, out);
  auto affinity = at.child("nodeAffinity");
  check_affinity_of(spec, affinity, out);
  check_one_source(spec.persistent_volume_source(), volume.metadata().name(),
                   at, out);
  if (recycles_root(spec))
    out.forbidden(at.child("persistentVolumeReclaimPolicy"),
                  "may not be 'recycle' for a hostPath mount of '/'");
  check_class_name(spec.storage_class_name(), at.child("storageClassName"),
                   out);
}

// Kubernetes: the secret for growing may come later.
bool same_source(PersistentVolumeSource now,
                 const PersistentVolumeSource& old) {
  if (now.has_csi() && old.has_csi()
      && !old.csi().has_controller_expand_secret_ref())
    now.mutable_csi()->clear_controller_expand_secret_ref();
  return canonical_equal(now, old);
}

void validate_volume_update(const PersistentVolume& volume,
                            const PersistentVolume& old, findings& out) {
  auto& now = volume.spec();
  auto& before = old.spec();
  if (!same_source(now.persistent_volume_source(),
                   before.persistent_volume_source()))
    out.forbidden(field_path{"spec.persistentvolumesource"},
                  "spec.persistentvolumesource is immutable after creation");
  require_unchanged(now.volume_mode() == before.volume_mode(),
                    now.volume_mode(), field_path{"volumeMode"}, out);
  require_unchanged(
      !before.has_node_affinity()
          || canonical_equal(now.node_affinity(), before.node_affinity()),
      "", field_path{"nodeAffinity"}, out);
}

// -- claims -------------------------------------------------------------------

void check_data_source(const TypedLocalObjectReference& source,
                       const field_path& at, findings& out) {
  if (source.name().empty())
    out.required(at.child("name"));
  if (source.kind().empty())
    out.required(at.child("kind"));
  if (source.api_group().empty() && source.kind() != "PersistentVolumeClaim")
    out.invalid(at, source.kind(),
                "must be 'PersistentVolumeClaim' when referencing the default "
                "apiGroup");
}

void validate_claim(const PersistentVolumeClaim& claim, findings& out) {
  check_claim_spec(claim.spec(), field_path{"spec"}, out);
}

const std::string& note(const PersistentVolumeClaim& claim) {
  static const std::string none;
  auto& all = claim.metadata().annotations();
  auto found = all.find(class_note);
  return found == all.end() ? none : found->second;
}

text::quantity storage_in(
    const google::protobuf::Map<std::string, meta::v1::Quantity>& amounts) {
  auto found = amounts.find("storage");
  return found == amounts.end() ? text::quantity{}
                                : text::quantity::of(found->second);
}

/// Kubernetes: a class may be named once, where there was none or only the
/// older annotation.
bool names_class(const PersistentVolumeClaim& claim,
                 const PersistentVolumeClaim& old) {
  if (old.spec().has_storage_class_name()
      || !claim.spec().has_storage_class_name())
    return false;
  return note(old).empty()
         || (claim.spec().storage_class_name() == note(old)
             && (note(claim).empty() || note(claim) == note(old)));
}

void validate_claim_update(const PersistentVolumeClaim& claim,
                           const PersistentVolumeClaim& old, findings& out) {
  auto now = claim.spec();
  auto before = old.spec();
  if (before.volume_name().empty()) {
    now.clear_volume_name();
    before.clear_volume_name();
  }
  if (names_class(claim, old))
    now.clear_storage_class_name();
  else if (note(claim) != note(old))
    out.invalid(field_path{"metadata.annotations[volume.beta.kubernetes.io/"
                           "storage-class]"},
                note(claim), "field is immutable");
  // Kubernetes: who asked for more than there was to be had may ask for less,
  // but not for less than there is.
  auto size = storage_in(now.resources().requests());
  auto shrinks = size < storage_in(before.resources().requests())
                 && size <= storage_in(old.status().capacity());
  if (old.status().phase() == "Bound") {
    now.mutable_resources()->mutable_requests()->erase("storage");
    before.mutable_resources()->mutable_requests()->erase("storage");
    now.clear_volume_attributes_class_name();
    before.clear_volume_attributes_class_name();
  }
  if (!canonical_equal(now, before))
    out.forbidden(field_path{"spec"},
                  "spec is immutable after creation except resources.requests "
                  "and volumeAttributesClassName for bound claims");
  if (shrinks)
    out.forbidden(field_path{"spec.resources.requests.storage"},
                  "field can not be less than status.capacity");
  require_unchanged(claim.spec().volume_mode() == old.spec().volume_mode(),
                    claim.spec().volume_mode(), field_path{"volumeMode"}, out);
}

} // namespace

void check_driver_name(const std::string& name, const field_path& at,
                       findings& out) {
  if (name.empty())
    out.required(at);
  if (name.size() > 63)
    out.too_long(at, 63);
  auto lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  out.invalid(at, name, check_dns1123_subdomain(lower));
}

void check_claim_spec(const PersistentVolumeClaimSpec& spec,
                      const field_path& at, findings& out) {
  check_modes(spec.access_modes(), "at least 1 access mode is required",
              at.child("accessModes"), out);
  auto selector = at.child("selector");
  if (spec.has_selector())
    validate_selector(spec.selector(), selector, out);
  auto resources = at.child("resources");
  auto size = resources.key("storage");
  auto found = spec.resources().requests().find("storage");
  if (found == spec.resources().requests().end())
    out.required(size);
  else
    require_positive(found->second, size, out);
  check_class_name(spec.storage_class_name(), at.child("storageClassName"),
                   out);
  auto source = at.child("dataSource");
  if (spec.has_data_source())
    check_data_source(spec.data_source(), source, out);
}

void check_inline_volume(const PersistentVolumeSpec& spec, const field_path& at,
                         findings& out) {
  auto refuse = [&](bool given, const char* name) {
    if (given)
      out.forbidden(at.child(name),
                    "may not be specified in the context of inline volumes");
  };
  refuse(spec.has_claim_ref(), "claimRef");
  refuse(!spec.capacity().empty(), "capacity");
  if (!spec.persistent_volume_source().has_csi())
    out.required(at.child("csi"),
                 "has to be specified in the context of inline volumes");
  check_modes(spec.access_modes(), {}, at.child("accessModes"), out);
  auto& policy = spec.persistent_volume_reclaim_policy();
  if (!policy.empty() && policy != "Retain")
    out.forbidden(at.child("persistentVolumeReclaimPolicy"),
                  "may only be Retain in the context of inline volumes");
  refuse(spec.has_node_affinity(), "nodeAffinity");
  check_one_source(spec.persistent_volume_source(), {}, at, out);
  refuse(!spec.storage_class_name().empty(), "storageClassName");
  if (spec.has_volume_mode() && spec.volume_mode() != "Filesystem")
    out.forbidden(at.child("volumeMode"),
                  "may not specify volumeMode other than Filesystem in the "
                  "context of inline volumes");
}

void add_volume_validation(registry& all) {
  auto& volumes = all.of<PersistentVolume>();
  volumes.validate = check<PersistentVolume, validate_volume>;
  volumes.validate_update =
      check_from<PersistentVolume, validate_volume_update>;
  auto& claims = all.of<PersistentVolumeClaim>();
  claims.validate = check<PersistentVolumeClaim, validate_claim>;
  claims.validate_update =
      check_from<PersistentVolumeClaim, validate_claim_update>;
}

} // namespace troupe::rules
