#pragma once

#include "messages/api/core_storage.pb.h"
#include "messages/api/core_volume.pb.h"
#include "runtime/rules/findings.hpp"

#include <string_view>

/// Where the files of a volume come from, when that is neither the pod's node
/// nor the API: one check per kind of source, for pods and for objects that
/// stand for volumes. `at` is the path of the source itself.
namespace troupe::rules {

using path_of_source = const field_path&;

void check_source(const core::v1::AWSElasticBlockStoreVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::AzureDiskVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::AzureFileVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::AzureFilePersistentVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::CephFSVolumeSource& source, path_of_source at,
                  findings& out);
void check_source(const core::v1::CephFSPersistentVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::CinderVolumeSource& source, path_of_source at,
                  findings& out);
void check_source(const core::v1::CinderPersistentVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::CSIVolumeSource& source, path_of_source at,
                  findings& out);
void check_source(const core::v1::CSIPersistentVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::FCVolumeSource& source, path_of_source at,
                  findings& out);
void check_source(const core::v1::FlexVolumeSource& source, path_of_source at,
                  findings& out);
void check_source(const core::v1::FlexPersistentVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::FlockerVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::GCEPersistentDiskVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::GitRepoVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::GlusterfsVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::GlusterfsPersistentVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::HostPathVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::ISCSIVolumeSource& source, path_of_source at,
                  findings& out);
void check_source(const core::v1::ISCSIPersistentVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::LocalVolumeSource& source, path_of_source at,
                  findings& out);
void check_source(const core::v1::NFSVolumeSource& source, path_of_source at,
                  findings& out);
void check_source(const core::v1::PhotonPersistentDiskVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::PortworxVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::QuobyteVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::RBDVolumeSource& source, path_of_source at,
                  findings& out);
void check_source(const core::v1::RBDPersistentVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::ScaleIOVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::ScaleIOPersistentVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::StorageOSVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::StorageOSPersistentVolumeSource& source,
                  path_of_source at, findings& out);
void check_source(const core::v1::VsphereVirtualDiskVolumeSource& source,
                  path_of_source at, findings& out);

/// Kubernetes: the name that a target knows an initiator by is made of both,
/// and has an end.
bool too_long_for_initiator(std::string_view volume, std::string_view portal);

constexpr auto too_long_for_initiator_text =
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 "
    "characters if iscsi.initiatorName is specified.";

/// Sees to it that there is exactly one source. Take them in the order of
/// Kubernetes: the first is checked, the others are refused.
class one_source {
public:
  one_source(const field_path& at, findings& out) : at_(at), out_(out) {
    // nop
  }

  ~one_source() {
    if (!found_)
      out_.required(at_, "must specify a volume type");
  }

  one_source(const one_source&) = delete;
  one_source& operator=(const one_source&) = delete;

  /// `name` is what the refusal names it, `inner` what its own check does.
  template <class Check>
  void take_with(bool given, std::string_view name, std::string_view inner,
                 Check check) {
    if (!given)
      return;
    if (found_)
      return out_.forbidden(at_.child(name),
                            "may not specify more than 1 volume type");
    found_ = true;
    auto place = at_.child(inner);
    check(place);
  }

  template <class T>
  void take(bool given, const T& source, std::string_view name,
            std::string_view inner) {
    take_with(given, name, inner,
              [&](auto& place) { check_source(source, place, out_); });
  }

  template <class T>
  void take(bool given, const T& source, std::string_view name) {
    take(given, source, name, name);
  }

private:
  const field_path& at_;
  findings& out_;
  bool found_ = false;
};

} // namespace troupe::rules
