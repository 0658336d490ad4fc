#include "runtime/rules/formats.hpp"
#include "runtime/rules/pod_checks.hpp"
#include "runtime/rules/validate_meta.hpp"
#include "runtime/rules/validate_volumes.hpp"
#include "runtime/rules/volume_sources.hpp"
#include "runtime/text/quantity.hpp"

#include <google/protobuf/descriptor.h>

#include <set>
#include <vector>

namespace troupe::rules {

using namespace core::v1;

namespace {

// A file of a volume never leaves it, nor does it hide behind "..".
void check_volume_path(const std::string& path, const field_path& at,
                       findings& out) {
  if (path.empty())
    out.required(at);
  check_file_path(path, at, out);
}

template <class T>
void check_items(const T& source, const field_path& at, findings& out) {
  auto list = at.child("items");
  for (int i = 0; i < source.items_size(); ++i) {
    auto one = list[static_cast<size_t>(i)];
    check_key_to_path(source.items(i), one, out);
  }
}

template <class T>
void check_mode(const T& source, const field_path& at, findings& out) {
  check_file_mode(source.has_default_mode(), source.default_mode(),
                  at.child("defaultMode"), out);
}

// Kubernetes: what is wrong with an item is told of the list's parent.
void check_downward(const DownwardAPIVolumeSource& source, const field_path& at,
                    findings& out) {
  check_mode(source, at, out);
  for (auto& item : source.items())
    check_downward_file(item, at, out);
}

void check_secret_files(const SecretVolumeSource& source, const field_path& at,
                        findings& out) {
  if (source.secret_name().empty())
    out.required(at.child("secretName"));
  check_mode(source, at, out);
  check_items(source, at, out);
}

void check_map_files(const ConfigMapVolumeSource& source, const field_path& at,
                     findings& out) {
  if (source.local_object_reference().name().empty())
    out.required(at.child("name"));
  check_mode(source, at, out);
  check_items(source, at, out);
}

/// A claim that is made with the pod has a name of its own making.
void check_ephemeral(const EphemeralVolumeSource& source, const field_path& up,
                     findings& out) {
  auto at = up.child("volumeClaimTemplate");
  if (!source.has_volume_claim_template())
    return out.required(at);
  auto& meta = source.volume_claim_template().metadata();
  auto place = at.child("metadata");
  validate_annotations(meta.annotations(), place.child("annotations"), out);
  validate_labels(meta.labels(), place.child("labels"), out);
  std::vector<const google::protobuf::FieldDescriptor*> set;
  meta.GetReflection()->ListFields(meta, &set);
  for (auto* field : set)
    if (field->name() != "annotations" && field->name() != "labels")
      out.forbidden(place.child(field->json_name()),
                    "cannot be set for an ephemeral volume");
  auto spec = at.child("spec");
  check_claim_spec(source.volume_claim_template().spec(), spec, out);
}

void check_iscsi(const Volume& volume, const field_path& at,
                 const field_path& place, findings& out) {
  auto& iscsi = volume.volume_source().iscsi();
  check_source(iscsi, place, out);
  if (iscsi.has_initiator_name()
      && too_long_for_initiator(volume.name(), iscsi.target_portal()))
    out.invalid(at.child("name"), volume.name(), too_long_for_initiator_text);
}

void check_size_limit(const EmptyDirVolumeSource& source, const field_path& at,
                      findings& out) {
  if (!source.has_size_limit())
    return;
  auto limit = text::quantity::parse(source.size_limit());
  if (!limit || limit->sign() < 0)
    out.forbidden(at.child("sizeLimit"),
                  "SizeLimit field must be a valid resource quantity");
}

/// The order of Kubernetes: whoever gives two reads of the second. So are the
/// names, `downwarAPI` too.
void check_one_source(const Volume& volume, const field_path& at,
                      findings& out) {
  auto& s = volume.volume_source();
  one_source one{at, out};
  auto with = [&](bool given, const char* name, auto check) {
    one.take_with(given, name, name, check);
  };
  with(s.has_empty_dir(), "emptyDir",
       [&](auto& place) { check_size_limit(s.empty_dir(), place, out); });
  one.take(s.has_host_path(), s.host_path(), "hostPath");
  one.take(s.has_git_repo(), s.git_repo(), "gitRepo");
  one.take(s.has_gce_persistent_disk(), s.gce_persistent_disk(),
           "gcePersistentDisk", "persistentDisk");
  one.take(s.has_aws_elastic_block_store(), s.aws_elastic_block_store(),
           "awsElasticBlockStore");
  with(s.has_secret(), "secret",
       [&](auto& place) { check_secret_files(s.secret(), place, out); });
  one.take(s.has_nfs(), s.nfs(), "nfs");
  with(s.has_iscsi(), "iscsi",
       [&](auto& place) { check_iscsi(volume, at, place, out); });
  one.take(s.has_glusterfs(), s.glusterfs(), "glusterfs");
  one.take(s.has_flocker(), s.flocker(), "flocker");
  with(s.has_persistent_volume_claim(), "persistentVolumeClaim",
       [&](auto& place) {
         if (s.persistent_volume_claim().claim_name().empty())
           out.required(place.child("claimName"));
       });
  one.take(s.has_rbd(), s.rbd(), "rbd");
  one.take(s.has_cinder(), s.cinder(), "cinder");
  one.take(s.has_cephfs(), s.cephfs(), "cephFS", "cephfs");
  one.take(s.has_quobyte(), s.quobyte(), "quobyte");
  one.take_with(
      s.has_downward_api(), "downwarAPI", "downwardAPI",
      [&](auto& place) { check_downward(s.downward_api(), place, out); });
  one.take(s.has_fc(), s.fc(), "fc");
  one.take(s.has_flex_volume(), s.flex_volume(), "flexVolume");
  with(s.has_config_map(), "configMap",
       [&](auto& place) { check_map_files(s.config_map(), place, out); });
  one.take(s.has_azure_file(), s.azure_file(), "azureFile");
  one.take(s.has_vsphere_volume(), s.vsphere_volume(), "vsphereVolume");
  one.take(s.has_photon_persistent_disk(), s.photon_persistent_disk(),
           "photonPersistentDisk");
  one.take(s.has_portworx_volume(), s.portworx_volume(), "portworxVolume");
  one.take(s.has_azure_disk(), s.azure_disk(), "azureDisk");
  one.take(s.has_storageos(), s.storageos(), "storageos");
  with(s.has_projected(), "projected",
       [&](auto& place) { check_projection(s.projected(), place, out); });
  one.take(s.has_scale_io(), s.scale_io(), "scaleIO");
  one.take(s.has_csi(), s.csi(), "csi");
  with(s.has_ephemeral(), "ephemeral",
       [&](auto& place) { check_ephemeral(s.ephemeral(), place, out); });
  with(s.has_image(), "image", [&](auto& place) {
    if (s.image().reference().empty())
      out.required(place.child("reference"));
  });
}

} // namespace

const Volume* find_volume(const PodSpec& spec, std::string_view name) {
  for (auto& volume : spec.volumes())
    if (volume.name() == name)
      return &volume;
  return nullptr;
}

void check_file_mode(bool set, int32_t mode, const field_path& at,
                     findings& out) {
  if (set && (mode < 0 || mode > 0777))
    out.invalid(at, mode,
                "must be a number between 0 and 0777 (octal), both inclusive");
}

void check_key_to_path(const KeyToPath& item, const field_path& at,
                       findings& out) {
  if (item.key().empty())
    out.required(at.child("key"));
  check_volume_path(item.path(), at.child("path"), out);
  check_file_mode(item.has_mode(), item.mode(), at.child("mode"), out);
}

void check_file_path(const std::string& path, const field_path& at,
                     findings& out) {
  out.invalid(at, path, check_relative_path(path));
  if (path.starts_with("..") && !path.starts_with("../"))
    out.invalid(at, path, "must not start with '..'");
}

void check_downward_file(const DownwardAPIVolumeFile& file,
                         const field_path& at, findings& out) {
  check_volume_path(file.path(), at.child("path"), out);
  if (file.has_field_ref())
    check_field_reference(file.field_ref(), field_use::volume,
                          at.child("fieldRef"), out);
  else if (file.has_resource_field_ref())
    check_resource_reference(file.resource_field_ref(), field_use::volume,
                             at.child("resourceFieldRef"), out);
  else
    out.required(at, "one of fieldRef and resourceFieldRef is required");
  if (file.has_field_ref() && file.has_resource_field_ref())
    out.invalid(at, "resource",
                "fieldRef and resourceFieldRef can not be specified "
                "simultaneously");
  check_file_mode(file.has_mode(), file.mode(), at.child("mode"), out);
}

void check_volumes(const PodSpec& spec, const field_path& at, findings& out) {
  std::set<std::string_view> seen;
  auto list = at.child("volumes");
  for (int i = 0; i < spec.volumes_size(); ++i) {
    auto& volume = spec.volumes(i);
    auto one = list[static_cast<size_t>(i)];
    auto name = one.child("name");
    check_one_source(volume, one, out);
    if (volume.name().empty())
      out.required(name);
    else
      out.invalid(name, volume.name(), check_dns1123_label(volume.name()));
    if (!volume.name().empty() && !seen.insert(volume.name()).second)
      out.duplicate(name, volume.name());
  }
}

} // namespace troupe::rules
