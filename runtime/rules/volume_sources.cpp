#include "runtime/rules/volume_sources.hpp"

#include "runtime/rules/formats.hpp"
#include "runtime/rules/shown_list.hpp"
#include "runtime/rules/validate_volumes.hpp"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <set>
#include <string>
#include <utility>

namespace troupe::rules {

using namespace core::v1;

namespace {

constexpr size_t longest_initiator = 64;

/// Fields that must not be empty, in the order of the messages.
void require_all(
    std::initializer_list<std::pair<std::string_view, bool>> fields,
    const field_path& at, findings& out) {
  for (auto& [name, given] : fields)
    if (!given)
      out.required(at.child(name));
}

void check_range(int64_t value, int64_t low, int64_t high,
                 std::string_view text, const field_path& at, findings& out) {
  if (value < low || value > high)
    out.invalid(at, value, text);
}

/// Kubernetes: zero passes, though the text does not say so.
void check_partition(int64_t value, const field_path& at, findings& out) {
  check_range(value, 0, 255, "must be between 1 and 255, inclusive", at, out);
}

void check_lun(int64_t value, const field_path& at, findings& out) {
  check_range(value, 0, 255, "must be between 0 and 255, inclusive", at, out);
}

void check_no_back_step(const std::string& path, const field_path& at,
                        findings& out) {
  if (has_back_step(path))
    out.invalid(at, path, "must not contain '..'");
}

/// A secret of the pod's own namespace.
template <class Source>
void check_named_secret(const Source& source, const field_path& at,
                        findings& out) {
  if (source.has_secret_ref() && source.secret_ref().name().empty())
    out.required(at.child("secretRef.name"));
}

/// A secret that says where it is.
template <class Source>
void check_placed_secret(const Source& source, const field_path& at,
                         findings& out) {
  check_named_secret(source, at, out);
  if (source.has_secret_ref() && source.secret_ref().namespace_().empty())
    out.required(at.child("secretRef.namespace"));
}

// -- iSCSI --------------------------------------------------------------------

bool all_of(std::string_view text, int (*test)(int)) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return test(static_cast<unsigned char>(c)) != 0;
  });
}

/// "iqn.2001-04.com.example:disk".
bool is_iqn(std::string_view text) {
  constexpr size_t date = 4;
  constexpr size_t domain = 12;
  if (text.size() < domain || text[3] != '.' || text[8] != '-'
      || text[domain - 1] != '.' || !all_of(text.substr(date, 4), std::isdigit)
      || !all_of(text.substr(9, 2), std::isdigit))
    return false;
  auto colon = text.find(':');
  if (colon == text.npos || colon == domain || colon + 1 == text.size())
    return false;
  auto names = text.substr(domain, colon - domain);
  auto rest = text.substr(colon + 1);
  return std::all_of(names.begin(), names.end(),
                     [](unsigned char c) {
                       return std::isalnum(c) != 0 || c == '-' || c == '.';
                     })
         && rest.find_first_of(",;*&$| \t\n\r\f\v") == rest.npos;
}

/// "eui." or "naa." and so many letters and digits.
bool is_hex_name(std::string_view text, size_t digits) {
  return text.size() == 4 + digits && all_of(text.substr(4), std::isalnum);
}

constexpr auto no_iscsi_name =
    "must be valid format starting with iqn, eui, or naa";

void check_iscsi_name(const std::string& name, std::string_view no_name,
                      const field_path& at, findings& out) {
  auto known = name.starts_with("iqn")   ? is_iqn(name)
               : name.starts_with("eui") ? is_hex_name(name, 16)
               : name.starts_with("naa") ? is_hex_name(name, 32)
                                         : false;
  if (known)
    return;
  auto begun = name.starts_with("iqn") || name.starts_with("eui")
               || name.starts_with("naa");
  out.invalid(at, name, begun ? "must be valid format" : no_name);
}

template <class Source>
void check_iscsi(const Source& source, std::string_view no_name,
                 const field_path& at, findings& out) {
  require_all({{"targetPortal", !source.target_portal().empty()}}, at, out);
  if (source.iqn().empty())
    out.required(at.child("iqn"));
  else
    check_iscsi_name(source.iqn(), no_name, at.child("iqn"), out);
  check_lun(source.lun(), at.child("lun"), out);
  if ((source.chap_auth_discovery() || source.chap_auth_session())
      && !source.has_secret_ref())
    out.required(at.child("secretRef"));
}

template <class Source>
void check_initiator(const Source& source, std::string_view no_name,
                     const field_path& at, findings& out) {
  // Kubernetes writes this field in lower case.
  if (source.has_initiator_name())
    check_iscsi_name(source.initiator_name(), no_name,
                     at.child("initiatorname"), out);
}

// -- what several have --------------------------------------------------------

template <class Source>
void check_flex(const Source& source, const field_path& at, findings& out) {
  require_all({{"driver", !source.driver().empty()}}, at, out);
  std::set<std::string> names;
  for (auto& [name, value] : source.options())
    names.insert(name);
  auto options = at.child("options");
  for (auto& name : names) {
    auto domain = "." + name.substr(0, name.find('/'));
    std::transform(domain.begin(), domain.end(), domain.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    if (domain.ends_with(".kubernetes.io") || domain.ends_with(".k8s.io"))
      out.invalid(options.key(name), name,
                  "kubernetes.io and k8s.io namespaces are reserved");
  }
}

template <class Source>
void check_rbd(const Source& source, const field_path& at, findings& out) {
  require_all({{"monitors", !source.monitors().empty()},
               {"image", !source.image().empty()}},
              at, out);
}

template <class Source>
void check_scale_io(const Source& source, const field_path& at, findings& out) {
  require_all({{"gateway", !source.gateway().empty()},
               {"system", !source.system().empty()},
               {"volumeName", !source.volume_name().empty()}},
              at, out);
}

template <class Source>
void check_storageos(const Source& source, const field_path& at,
                     findings& out) {
  if (source.volume_name().empty())
    out.required(at.child("volumeName"));
  else
    out.invalid(at.child("volumeName"), source.volume_name(),
                check_dns1123_label(source.volume_name()));
  if (!source.volume_namespace().empty())
    out.invalid(at.child("volumeNamespace"), source.volume_namespace(),
                check_dns1123_label(source.volume_namespace()));
}

/// "host:port" or "[address]:port".
bool is_host_and_port(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == text.npos)
    return false;
  auto host = text.substr(0, colon);
  if (host.starts_with('['))
    return host.find(']') == host.size() - 1;
  return host.find_first_of(":[]") == host.npos;
}

bool all_hosts(std::string_view list) {
  for (;;) {
    auto end = std::min(list.find(','), list.size());
    if (!is_host_and_port(list.substr(0, end)))
      return false;
    if (end == list.size())
      return true;
    list.remove_prefix(end + 1);
  }
}

void check_secret(bool given, const SecretReference& secret,
                  std::string_view name, const field_path& at, findings& out) {
  if (!given)
    return;
  auto place = at.child(name);
  if (secret.name().empty())
    out.required(place.child("name"));
  else
    out.invalid(at.child("name"), secret.name(),
                check_dns1123_subdomain(secret.name()));
  if (secret.namespace_().empty())
    out.required(place.child("namespace"));
  else
    out.invalid(at.child("namespace"), secret.namespace_(),
                check_dns1123_label(secret.namespace_()));
}

} // namespace

void check_source(const AWSElasticBlockStoreVolumeSource& source,
                  path_of_source at, findings& out) {
  require_all({{"volumeID", !source.volume_id().empty()}}, at, out);
  check_partition(source.partition(), at.child("partition"), out);
}

void check_source(const GCEPersistentDiskVolumeSource& source,
                  path_of_source at, findings& out) {
  require_all({{"pdName", !source.pd_name().empty()}}, at, out);
  check_partition(source.partition(), at.child("partition"), out);
}

void check_source(const AzureDiskVolumeSource& source, path_of_source at,
                  findings& out) {
  require_all({{"diskName", !source.disk_name().empty()},
               {"diskURI", !source.disk_uri().empty()}},
              at, out);
  if (!source.has_kind())
    return;
  auto managed = source.kind() == "Managed";
  if (!source.disk_uri().starts_with(managed ? "/subscriptions/" : "https://"))
    out.not_supported(
        at.child("diskURI"), source.disk_uri(),
        {managed ? "/subscriptions/{sub-id}/resourcegroups/{group-name}/"
                   "providers/microsoft.compute/disks/{disk-id}"
                 : "https://{account-name}.blob.core.windows.net/"
                   "{container-name}/{disk-name}.vhd"});
}

void check_source(const AzureFileVolumeSource& source, path_of_source at,
                  findings& out) {
  require_all({{"secretName", !source.secret_name().empty()},
               {"shareName", !source.share_name().empty()}},
              at, out);
}

void check_source(const AzureFilePersistentVolumeSource& source,
                  path_of_source at, findings& out) {
  require_all({{"secretName", !source.secret_name().empty()},
               {"shareName", !source.share_name().empty()},
               {"secretNamespace", !source.has_secret_namespace()
                                       || !source.secret_namespace().empty()}},
              at, out);
}

void check_source(const CephFSVolumeSource& source, path_of_source at,
                  findings& out) {
  require_all({{"monitors", !source.monitors().empty()}}, at, out);
}

void check_source(const CephFSPersistentVolumeSource& source, path_of_source at,
                  findings& out) {
  require_all({{"monitors", !source.monitors().empty()}}, at, out);
}

void check_source(const CinderVolumeSource& source, path_of_source at,
                  findings& out) {
  require_all({{"volumeID", !source.volume_id().empty()}}, at, out);
  check_named_secret(source, at, out);
}

void check_source(const CinderPersistentVolumeSource& source, path_of_source at,
                  findings& out) {
  require_all({{"volumeID", !source.volume_id().empty()}}, at, out);
  check_placed_secret(source, at, out);
}

void check_source(const CSIVolumeSource& source, path_of_source at,
                  findings& out) {
  check_driver_name(source.driver(), at.child("driver"), out);
  if (!source.has_node_publish_secret_ref())
    return;
  auto& name = source.node_publish_secret_ref().name();
  if (name.empty())
    out.required(at.child("nodePublishSecretRef.name"));
  else
    out.invalid(at.child("name"), name, check_dns1123_subdomain(name));
}

void check_source(const CSIPersistentVolumeSource& source, path_of_source at,
                  findings& out) {
  check_driver_name(source.driver(), at.child("driver"), out);
  require_all({{"volumeHandle", !source.volume_handle().empty()}}, at, out);
  check_secret(source.has_controller_publish_secret_ref(),
               source.controller_publish_secret_ref(),
               "controllerPublishSecretRef", at, out);
  check_secret(source.has_controller_expand_secret_ref(),
               source.controller_expand_secret_ref(),
               "controllerExpandSecretRef", at, out);
  check_secret(source.has_node_publish_secret_ref(),
               source.node_publish_secret_ref(), "nodePublishSecretRef", at,
               out);
  check_secret(source.has_node_expand_secret_ref(),
               source.node_expand_secret_ref(), "nodeExpandSecretRef", at, out);
}

void check_source(const FCVolumeSource& source, path_of_source at,
                  findings& out) {
  auto names = at.child("targetWWNs");
  if (source.target_wwns().empty() && source.wwids().empty())
    out.required(names,
                 "must specify either targetWWNs or wwids, but not both");
  if (source.target_wwns().empty())
    return;
  if (!source.wwids().empty())
    out.invalid(names, shown_list(source.target_wwns()),
                "targetWWNs and wwids can not be specified simultaneously");
  if (!source.has_lun())
    out.required(at.child("lun"), "lun is required if targetWWNs is specified");
  else
    check_lun(source.lun(), at.child("lun"), out);
}

void check_source(const FlexVolumeSource& source, path_of_source at,
                  findings& out) {
  check_flex(source, at, out);
}

void check_source(const FlexPersistentVolumeSource& source, path_of_source at,
                  findings& out) {
  check_flex(source, at, out);
}

void check_source(const FlockerVolumeSource& source, path_of_source at,
                  findings& out) {
  auto named = !source.dataset_name().empty();
  if (!named && source.dataset_uuid().empty())
    out.required(at, "one of datasetName and datasetUUID is required");
  if (named && !source.dataset_uuid().empty())
    out.invalid(at, "resource",
                "datasetName and datasetUUID can not be specified "
                "simultaneously");
  if (source.dataset_name().find('/') != std::string::npos)
    out.invalid(at.child("datasetName"), source.dataset_name(),
                "must not contain '/'");
}

void check_source(const GitRepoVolumeSource& source, path_of_source at,
                  findings& out) {
  require_all({{"repository", !source.repository().empty()}}, at, out);
  out.invalid(at.child("directory"), source.directory(),
              check_relative_path(source.directory()));
}

void check_source(const GlusterfsVolumeSource& source, path_of_source at,
                  findings& out) {
  require_all({{"endpoints", !source.endpoints().empty()},
               {"path", !source.path().empty()}},
              at, out);
}

void check_source(const GlusterfsPersistentVolumeSource& source,
                  path_of_source at, findings& out) {
  require_all({{"endpoints", !source.endpoints().empty()},
               {"path", !source.path().empty()}},
              at, out);
  if (!source.has_endpoints_namespace())
    return;
  auto& ns = source.endpoints_namespace();
  auto place = at.child("endpointsNamespace");
  if (ns.empty())
    out.invalid(place, ns,
                "if the endpointnamespace is set, it must be a valid namespace "
                "name");
  else
    out.invalid(place, ns, check_dns1123_label(ns));
}

void check_source(const HostPathVolumeSource& source, path_of_source at,
                  findings& out) {
  if (source.path().empty())
    out.required(at.child("path"));
  else
    check_no_back_step(source.path(), at.child("path"), out);
}

void check_source(const LocalVolumeSource& source, path_of_source at,
                  findings& out) {
  if (source.path().empty())
    out.required(at.child("path"));
  else
    check_no_back_step(source.path(), at.child("path"), out);
}

void check_source(const ISCSIVolumeSource& source, path_of_source at,
                  findings& out) {
  check_iscsi(source, no_iscsi_name, at, out);
  check_initiator(source, no_iscsi_name, at, out);
}

void check_source(const ISCSIPersistentVolumeSource& source, path_of_source at,
                  findings& out) {
  constexpr auto no_name = "must be valid format";
  check_iscsi(source, no_name, at, out);
  check_named_secret(source, at, out);
  check_initiator(source, no_name, at, out);
}

void check_source(const NFSVolumeSource& source, path_of_source at,
                  findings& out) {
  require_all(
      {{"server", !source.server().empty()}, {"path", !source.path().empty()}},
      at, out);
  if (!source.path().starts_with('/'))
    out.invalid(at.child("path"), source.path(), "must be an absolute path");
}

void check_source(const PhotonPersistentDiskVolumeSource& source,
                  path_of_source at, findings& out) {
  require_all({{"pdID", !source.pd_id().empty()}}, at, out);
}

void check_source(const PortworxVolumeSource& source, path_of_source at,
                  findings& out) {
  require_all({{"volumeID", !source.volume_id().empty()}}, at, out);
}

void check_source(const QuobyteVolumeSource& source, path_of_source at,
                  findings& out) {
  constexpr size_t longest_tenant = 64;
  constexpr auto hosts =
      "must be a host:port pair or multiple pairs separated by commas";
  if (source.registry().empty())
    out.required(at.child("registry"), hosts);
  else if (source.tenant().size() > longest_tenant)
    out.required(at.child("tenant"), "must be a UUID and may not exceed a "
                                     "length of 64 characters");
  else if (!all_hosts(source.registry()))
    out.invalid(at.child("registry"), source.registry(), hosts);
  require_all({{"volume", !source.volume().empty()}}, at, out);
}

void check_source(const RBDVolumeSource& source, path_of_source at,
                  findings& out) {
  check_rbd(source, at, out);
}

void check_source(const RBDPersistentVolumeSource& source, path_of_source at,
                  findings& out) {
  check_rbd(source, at, out);
}

void check_source(const ScaleIOVolumeSource& source, path_of_source at,
                  findings& out) {
  check_scale_io(source, at, out);
}

void check_source(const ScaleIOPersistentVolumeSource& source,
                  path_of_source at, findings& out) {
  check_scale_io(source, at, out);
}

void check_source(const StorageOSVolumeSource& source, path_of_source at,
                  findings& out) {
  check_storageos(source, at, out);
  check_named_secret(source, at, out);
}

void check_source(const StorageOSPersistentVolumeSource& source,
                  path_of_source at, findings& out) {
  check_storageos(source, at, out);
  check_placed_secret(source, at, out);
}

void check_source(const VsphereVirtualDiskVolumeSource& source,
                  path_of_source at, findings& out) {
  require_all({{"volumePath", !source.volume_path().empty()}}, at, out);
}

bool too_long_for_initiator(std::string_view volume, std::string_view portal) {
  return volume.size() + 1 + portal.size() > longest_initiator;
}

} // namespace troupe::rules
