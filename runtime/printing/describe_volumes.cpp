#include "messages/api/core_pod.pb.h"
#include "messages/api/core_volume.pb.h"
#include "messages/fields.hpp"
#include "runtime/printing/describe_kinds.hpp"
#include "runtime/text/quantity.hpp"

#include <google/protobuf/message.h>

namespace troupe::printing {

namespace {

using core::v1::VolumeSource;

void describe_projected(description& d,
                        const core::v1::ProjectedVolumeSource& x) {
  d.line(2, "Type:\tProjected (a volume that contains injected data from "
            "multiple sources)");
  for (const auto& source : x.sources()) {
    if (source.has_secret()) {
      d.line(2, "SecretName:\t{}",
             source.secret().local_object_reference().name());
      d.line(2, "Optional:\t{}", source.secret().optional());
    } else if (source.has_downward_api()) {
      d.line(2, "DownwardAPI:\ttrue");
    } else if (source.has_config_map()) {
      d.line(2, "ConfigMapName:\t{}",
             source.config_map().local_object_reference().name());
      d.line(2, "Optional:\t{}", source.config_map().optional());
    } else if (source.has_service_account_token()) {
      d.line(2, "TokenExpirationSeconds:\t{}",
             source.service_account_token().expiration_seconds());
    }
  }
}

void describe_downward(description& d,
                       const core::v1::DownwardAPIVolumeSource& x) {
  d.line(2, "Type:\tDownwardAPI (a volume populated by information about the "
            "pod)");
  d.line(2, "Items:");
  for (const auto& item : x.items())
    d.line(3, "{} -> {}",
           item.has_field_ref() ? item.field_ref().field_path()
                                : item.resource_field_ref().resource(),
           item.path());
}

/// A source that has no words of its own: its name, and its plain fields.
void describe_other(description& d, const VolumeSource& x) {
  auto reflection = x.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> set;
  reflection->ListFields(x, &set);
  if (set.empty()) {
    d.line(2, "<unknown>");
    return;
  }
  const auto& info = message_info_of(x.GetDescriptor());
  for (const auto& field : info.fields)
    if (field.descriptor == set.front())
      d.line(2, "Type:\t{}", field.name);
  const auto& source = reflection->GetMessage(x, set.front());
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  source.GetReflection()->ListFields(source, &fields);
  for (const auto& field : message_info_of(source.GetDescriptor()).fields)
    for (auto one : fields)
      if (one == field.descriptor && !one->is_repeated()
          && one->cpp_type()
                 == google::protobuf::FieldDescriptor::CPPTYPE_STRING)
        d.line(2, "{}:\t{}", field.name,
               source.GetReflection()->GetString(source, one));
}

void describe_source(description& d, const VolumeSource& x) {
  if (x.has_empty_dir()) {
    d.line(2, "Type:\tEmptyDir (a temporary directory that shares a pod's "
              "lifetime)");
    d.line(2, "Medium:\t{}", x.empty_dir().medium());
    d.line(2, "SizeLimit:\t{}",
           x.empty_dir().has_size_limit()
               ? text::quantity::of(x.empty_dir().size_limit()).str()
               : unset);
  } else if (x.has_host_path()) {
    d.line(2, "Type:\tHostPath (bare host directory volume)");
    d.line(2, "Path:\t{}", x.host_path().path());
    d.line(2, "HostPathType:\t{}", x.host_path().type());
  } else if (x.has_secret()) {
    d.line(2, "Type:\tSecret (a volume populated by a Secret)");
    d.line(2, "SecretName:\t{}", x.secret().secret_name());
    d.line(2, "Optional:\t{}", x.secret().optional());
  } else if (x.has_config_map()) {
    d.line(2, "Type:\tConfigMap (a volume populated by a ConfigMap)");
    d.line(2, "Name:\t{}", x.config_map().local_object_reference().name());
    d.line(2, "Optional:\t{}", x.config_map().optional());
  } else if (x.has_downward_api()) {
    describe_downward(d, x.downward_api());
  } else if (x.has_projected()) {
    describe_projected(d, x.projected());
  } else if (x.has_persistent_volume_claim()) {
    d.line(2, "Type:\tPersistentVolumeClaim (a reference to a "
              "PersistentVolumeClaim in the same namespace)");
    d.line(2, "ClaimName:\t{}", x.persistent_volume_claim().claim_name());
    d.line(2, "ReadOnly:\t{}", x.persistent_volume_claim().read_only());
  } else if (x.has_nfs()) {
    d.line(2, "Type:\tNFS (an NFS mount that lasts the lifetime of a pod)");
    d.line(2, "Server:\t{}", x.nfs().server());
    d.line(2, "Path:\t{}", x.nfs().path());
    d.line(2, "ReadOnly:\t{}", x.nfs().read_only());
  } else {
    describe_other(d, x);
  }
}

} // namespace

void describe_volumes(description& d, const core::v1::PodSpec& spec,
                      const std::string& indent) {
  if (spec.volumes_size() == 0) {
    d.line(0, "{}Volumes:\t<none>", indent);
    return;
  }
  d.line(0, "{}Volumes:", indent);
  for (const auto& volume : spec.volumes()) {
    d.line(1, "{}{}:", indent.empty() ? "" : " ", volume.name());
    describe_source(d, volume.volume_source());
  }
}

} // namespace troupe::printing
