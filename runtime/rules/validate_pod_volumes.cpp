#include "runtime/rules/formats.hpp"
#include "runtime/rules/pod_checks.hpp"
#include "runtime/rules/quantities.hpp"

#include <set>

namespace troupe::rules {

using namespace core::v1;

namespace {

// A file of a volume never leaves it, nor does it hide behind "..".
void check_volume_path(const std::string& path, const field_path& at,
                       findings& out) {
  if (path.empty()) {
    out.required(at);
    return;
  }
  out.invalid(at, path, check_relative_path(path));
  if (path.starts_with("..") && !has_back_step(path))
    out.invalid(at, path, "must not start with '..'");
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

void check_host_path(const HostPathVolumeSource& source, const field_path& at,
                     findings& out) {
  if (source.path().empty())
    out.required(at.child("path"));
  else if (has_back_step(source.path()))
    out.invalid(at.child("path"), source.path(), "must not contain '..'");
}

void check_downward(const DownwardAPIVolumeSource& source, const field_path& at,
                    findings& out) {
  check_mode(source, at, out);
  auto list = at.child("items");
  for (int i = 0; i < source.items_size(); ++i) {
    auto one = list[static_cast<size_t>(i)];
    check_downward_file(source.items(i), one, out);
  }
}

void check_server_path(const NFSVolumeSource& source, const field_path& at,
                       findings& out) {
  if (source.server().empty())
    out.required(at.child("server"));
  if (source.path().empty())
    out.required(at.child("path"));
  else if (source.path().front() != '/')
    out.invalid(at.child("path"), source.path(), "must be an absolute path");
}

void check_common_source(const VolumeSource& source, const field_path& at,
                         findings& out) {
  if (source.has_host_path())
    check_host_path(source.host_path(), at.child("hostPath"), out);
  if (source.has_empty_dir() && source.empty_dir().has_size_limit())
    check_amount(source.empty_dir().size_limit(),
                 at.child("emptyDir.sizeLimit"), out);
  if (source.has_config_map()) {
    auto one = at.child("configMap");
    if (source.config_map().local_object_reference().name().empty())
      out.required(one.child("name"));
    check_mode(source.config_map(), one, out);
    check_items(source.config_map(), one, out);
  }
  if (source.has_secret()) {
    auto one = at.child("secret");
    if (source.secret().secret_name().empty())
      out.required(one.child("secretName"));
    check_mode(source.secret(), one, out);
    check_items(source.secret(), one, out);
  }
  if (source.has_projected())
    check_projection(source.projected(), at.child("projected"), out);
  if (source.has_downward_api())
    check_downward(source.downward_api(), at.child("downwardAPI"), out);
}

void check_other_source(const VolumeSource& source, const field_path& at,
                        findings& out) {
  auto need = [&](bool has, const std::string& value, const char* name) {
    if (has && value.empty())
      out.required(at.child(name));
  };
  need(source.has_persistent_volume_claim(),
       source.persistent_volume_claim().claim_name(),
       "persistentVolumeClaim.claimName");
  need(source.has_csi(), source.csi().driver(), "csi.driver");
  need(source.has_image(), source.image().reference(), "image.reference");
  need(source.has_iscsi(), source.iscsi().target_portal(),
       "iscsi.targetPortal");
  need(source.has_iscsi(), source.iscsi().iqn(), "iscsi.iqn");
  need(source.has_flex_volume(), source.flex_volume().driver(),
       "flexVolume.driver");
  need(source.has_git_repo(), source.git_repo().repository(),
       "gitRepo.repository");
  if (source.has_nfs())
    check_server_path(source.nfs(), at.child("nfs"), out);
  if (source.has_ephemeral() && !source.ephemeral().has_volume_claim_template())
    out.required(at.child("ephemeral.volumeClaimTemplate"));
}

// Exactly one of the members of VolumeSource is set.
void check_source_count(const VolumeSource& source, const field_path& at,
                        findings& out) {
  std::vector<const google::protobuf::FieldDescriptor*> set;
  source.GetReflection()->ListFields(source, &set);
  if (set.empty())
    out.required(at, "must specify a volume type");
  for (size_t i = 1; i < set.size(); ++i)
    out.forbidden(at.child(set[i]->json_name()),
                  "may not specify more than 1 volume type");
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

void check_downward_file(const DownwardAPIVolumeFile& file,
                         const field_path& at, findings& out) {
  check_volume_path(file.path(), at.child("path"), out);
  check_file_mode(file.has_mode(), file.mode(), at.child("mode"), out);
  if (!file.has_field_ref() && !file.has_resource_field_ref())
    out.required(at, "one of fieldRef and resourceFieldRef is required");
  if (file.has_field_ref() && file.has_resource_field_ref())
    out.invalid(at, file.path(),
                "fieldRef and resourceFieldRef can not be specified "
                "simultaneously");
  if (file.has_field_ref())
    check_field_reference(file.field_ref(), field_use::volume,
                          at.child("fieldRef"), out);
  if (file.has_resource_field_ref())
    check_resource_reference(file.resource_field_ref(), field_use::volume,
                             at.child("resourceFieldRef"), out);
}

void check_volumes(const PodSpec& spec, const field_path& at, findings& out) {
  std::set<std::string_view> seen;
  auto list = at.child("volumes");
  for (int i = 0; i < spec.volumes_size(); ++i) {
    auto& volume = spec.volumes(i);
    auto one = list[static_cast<size_t>(i)];
    auto name = one.child("name");
    if (volume.name().empty())
      out.required(name);
    else
      out.invalid(name, volume.name(), check_dns1123_label(volume.name()));
    if (!volume.name().empty() && !seen.insert(volume.name()).second)
      out.duplicate(name, volume.name());
    check_source_count(volume.volume_source(), one, out);
    check_common_source(volume.volume_source(), one, out);
    check_other_source(volume.volume_source(), one, out);
  }
}

} // namespace troupe::rules
