#include "messages/api/core_storage.pb.h"
#include "messages/api/core_volume.pb.h"
#include "messages/api/storage.pb.h"
#include "runtime/printing/cells.hpp"
#include "runtime/printing/columns.hpp"
#include "runtime/text/quantity.hpp"

namespace troupe::printing {

namespace {

using core::v1::PersistentVolume;
using core::v1::PersistentVolumeClaim;

constexpr const char* class_annotation =
    "volume.beta.kubernetes.io/storage-class";
constexpr const char* default_annotation =
    "storageclass.kubernetes.io/is-default-class";

template <class Map>
std::string storage_of(const Map& amounts) {
  auto i = amounts.find("storage");
  return i == amounts.end() ? std::string{"0"}
                            : text::quantity::of(i->second).str();
}

template <class T>
std::string class_of(const T& x) {
  auto i = x.metadata().annotations().find(class_annotation);
  return i == x.metadata().annotations().end() ? x.spec().storage_class_name()
                                               : i->second;
}

template <class T>
std::string phase_of(const T& x) {
  return x.metadata().has_deletion_timestamp() ? "Terminating"
                                               : x.status().phase();
}

std::string class_or_unset(bool has, const std::string& name) {
  return has ? name : unset;
}

void volume_row(const PersistentVolume& x, time_point now, cells& out) {
  const auto& spec = x.spec();
  out.push_back(x.metadata().name());
  out.push_back(storage_of(spec.capacity()));
  out.push_back(access_modes(spec.access_modes()));
  out.push_back(spec.persistent_volume_reclaim_policy());
  out.push_back(phase_of(x));
  out.push_back(spec.has_claim_ref() ? spec.claim_ref().namespace_() + "/"
                                           + spec.claim_ref().name()
                                     : std::string{});
  out.push_back(class_of(x));
  out.push_back(class_or_unset(spec.has_volume_attributes_class_name(),
                               spec.volume_attributes_class_name()));
  out.push_back(x.status().reason());
  out.push_back(age_of(x.metadata(), now));
  out.push_back(or_else(spec.volume_mode(), unset));
}

void claim_row(const PersistentVolumeClaim& x, time_point now, cells& out) {
  const auto& spec = x.spec();
  auto bound = !spec.volume_name().empty();
  out.push_back(x.metadata().name());
  out.push_back(phase_of(x));
  out.push_back(spec.volume_name());
  out.push_back(bound ? storage_of(x.status().capacity()) : std::string{});
  out.push_back(bound ? access_modes(x.status().access_modes())
                      : std::string{});
  out.push_back(class_of(x));
  out.push_back(class_or_unset(spec.has_volume_attributes_class_name(),
                               spec.volume_attributes_class_name()));
  out.push_back(age_of(x.metadata(), now));
  out.push_back(or_else(spec.volume_mode(), unset));
}

void class_row(const storage::v1::StorageClass& x, time_point now, cells& out) {
  const auto& notes = x.metadata().annotations();
  auto mark = notes.find(default_annotation);
  auto is_default = mark != notes.end() && mark->second == "true";
  out.push_back(x.metadata().name() + (is_default ? " (default)" : ""));
  out.push_back(x.provisioner());
  out.push_back(or_else(x.reclaim_policy(), "Delete"));
  out.push_back(or_else(x.volume_binding_mode(), "Immediate"));
  out.push_back(truth_text(x.allow_volume_expansion()));
  out.push_back(age_of(x.metadata(), now));
}

void attributes_row(const storage::v1::VolumeAttributesClass& x, time_point now,
                    cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(x.driver_name());
  out.push_back(age_of(x.metadata(), now));
}

void attachment_row(const storage::v1::VolumeAttachment& x, time_point now,
                    cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(x.spec().attacher());
  out.push_back(x.spec().source().persistent_volume_name());
  out.push_back(x.spec().node_name());
  out.push_back(truth_text(x.status().attached()));
  out.push_back(age_of(x.metadata(), now));
}

void csi_node_row(const storage::v1::CSINode& x, time_point now, cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(std::to_string(x.spec().drivers_size()));
  out.push_back(age_of(x.metadata(), now));
}

void driver_row(const storage::v1::CSIDriver& x, time_point now, cells& out) {
  const auto& spec = x.spec();
  out.push_back(x.metadata().name());
  out.push_back(
      truth_text(!spec.has_attach_required() || spec.attach_required()));
  out.push_back(truth_text(spec.pod_info_on_mount()));
  out.push_back(truth_text(spec.storage_capacity()));
  out.push_back(or_else(join(spec.token_requests(), ",",
                             [](const auto& r) { return r.audience(); }),
                        unset));
  out.push_back(truth_text(spec.requires_republish()));
  out.push_back(or_else(join(spec.volume_lifecycle_modes(), ","), none));
  out.push_back(age_of(x.metadata(), now));
}

void capacity_row(const storage::v1::CSIStorageCapacity& x, time_point,
                  cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(x.storage_class_name());
  out.push_back(x.has_capacity() ? text::quantity::of(x.capacity()).str()
                                 : unset);
}

} // namespace

void add_storage_columns(columns_list& out) {
  out.push_back(columns_for<PersistentVolume>(
      {name_column(), text("Capacity"), text("Access Modes"),
       text("Reclaim Policy"), text("Status"), text("Claim"),
       text("StorageClass"), text("VolumeAttributesClass"), text("Reason"),
       text("Age"), wide("VolumeMode")},
      volume_row));
  out.push_back(columns_for<PersistentVolumeClaim>(
      {name_column(), text("Status"), text("Volume"), text("Capacity"),
       text("Access Modes"), text("StorageClass"),
       text("VolumeAttributesClass"), text("Age"), wide("VolumeMode")},
      claim_row));
  out.push_back(columns_for<storage::v1::StorageClass>(
      {name_column(), text("Provisioner"), text("ReclaimPolicy"),
       text("VolumeBindingMode"), text("AllowVolumeExpansion"), text("Age")},
      class_row));
  out.push_back(columns_for<storage::v1::VolumeAttributesClass>(
      {name_column(), text("DriverName"), text("Age")}, attributes_row));
  out.push_back(columns_for<storage::v1::VolumeAttachment>(
      {name_column(),
       {"Attacher", "string", "name"},
       text("PV"),
       text("Node"),
       truth("Attached"),
       text("Age")},
      attachment_row));
  out.push_back(columns_for<storage::v1::CSINode>(
      {name_column(), number("Drivers"), text("Age")}, csi_node_row));
  out.push_back(columns_for<storage::v1::CSIDriver>(
      {name_column(), truth("AttachRequired"), truth("PodInfoOnMount"),
       truth("StorageCapacity"), text("TokenRequests"),
       truth("RequiresRepublish"), text("Modes"), text("Age")},
      driver_row));
  out.push_back(columns_for<storage::v1::CSIStorageCapacity>(
      {name_column(), text("StorageClassName"), text("Capacity")},
      capacity_row));
}

} // namespace troupe::printing
