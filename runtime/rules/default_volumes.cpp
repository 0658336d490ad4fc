#include "messages/api/core_storage.pb.h"
#include "messages/api/core_volume.pb.h"
#include "runtime/rules/defaults.hpp"
#include "runtime/rules/images.hpp"
#include "runtime/rules/quantities.hpp"

#include <google/protobuf/reflection.h>

#include <vector>

namespace troupe::rules {

using namespace core::v1;

namespace {

constexpr int32_t file_mode = 0644;

template <class T>
void default_file_mode(T& source) {
  if (!source.has_default_mode())
    source.set_default_mode(file_mode);
}

void default_host_path(HostPathVolumeSource& source) {
  if (!source.has_type())
    source.set_type("");
}

void default_image_volume(ImageVolumeSource& source) {
  if (source.pull_policy().empty())
    source.set_pull_policy(default_image_pull_policy(source.reference()));
}

void default_volume(Volume& volume) {
  auto& source = volume.volume_source();
  std::vector<const google::protobuf::FieldDescriptor*> set;
  source.GetReflection()->ListFields(source, &set);
  if (set.empty())
    volume.mutable_volume_source()->mutable_empty_dir();
}

void default_persistent_volume(PersistentVolume& volume) {
  auto* spec = volume.mutable_spec();
  round_amounts(*spec->mutable_capacity());
  if (spec->persistent_volume_reclaim_policy().empty())
    spec->set_persistent_volume_reclaim_policy("Retain");
  if (!spec->has_volume_mode())
    spec->set_volume_mode("Filesystem");
  if (volume.status().phase().empty())
    volume.mutable_status()->set_phase("Pending");
}

void default_claim_spec(PersistentVolumeClaimSpec& spec) {
  if (!spec.has_resources())
    return;
  round_amounts(*spec.mutable_resources()->mutable_limits());
  round_amounts(*spec.mutable_resources()->mutable_requests());
}

void default_claim(PersistentVolumeClaim& claim) {
  if (claim.has_status())
    round_amounts(*claim.mutable_status()->mutable_capacity());
  if (claim.status().phase().empty())
    claim.mutable_status()->set_phase("Pending");
}

} // namespace

void add_volume_defaults(default_table& table) {
  table.add<ConfigMapVolumeSource, default_file_mode<ConfigMapVolumeSource>>();
  table.add<SecretVolumeSource, default_file_mode<SecretVolumeSource>>();
  table.add<DownwardAPIVolumeSource,
            default_file_mode<DownwardAPIVolumeSource>>();
  table.add<ProjectedVolumeSource, default_file_mode<ProjectedVolumeSource>>();
  table.add<HostPathVolumeSource, default_host_path>();
  table.add<ImageVolumeSource, default_image_volume>();
  table.add<Volume, default_volume>();
  table.add<PersistentVolume, default_persistent_volume>();
  table.add<PersistentVolumeClaimSpec, default_claim_spec>();
  table.add<PersistentVolumeClaim, default_claim>();
}

} // namespace troupe::rules
