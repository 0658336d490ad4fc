#include "pod_base.hpp"

namespace troupe::rules {

using core::v1::Pod;

namespace {

using cases = kind_cases<Pod>;

void add_sources(cases& pods) {
  pods.create(
      "volume-name", "spec.volumes[2].name",
      spec(R"(volumes { name: "data" volume_source { empty_dir {} } })"),
      spec(R"(volumes { name: "more"
                                volume_source { empty_dir {} } })"));
  pods.create("volume-name", "spec.volumes[2].name",
              spec("volumes { volume_source { empty_dir {} } }"));
  pods.create("volume-name", "spec.volumes[2].name",
              spec(R"(volumes { name: "a.b"
                                volume_source { empty_dir {} } })"));
  pods.create("volume-source", "spec.volumes[0]", volume(""));
  pods.create("volume-source", "spec.volumes[0].hostPath",
              volume(R"(host_path { path: "/a" } empty_dir {})"),
              volume(R"(csi { driver: "a.b" })"));
  auto path = "spec.volumes[0].hostPath.path";
  pods.create("host-path", path, volume("host_path {}"),
              volume(R"(host_path { path: "/a..b" type: "" })"));
  pods.create("host-path", path, volume(R"(host_path { path: "/a/../b" })"));
  pods.create("host-path", "spec.volumes[0].hostPath.type",
              volume(R"(host_path { path: "/a" type: "Folder" })"),
              volume(R"(host_path { path: "/a" type: "Socket" })"));
  pods.create("claim-name", "spec.volumes[0].persistentVolumeClaim.claimName",
              volume("persistent_volume_claim {}"),
              volume(R"(persistent_volume_claim { claim_name: "a" })"));
  pods.create("empty-dir-limit", "spec.volumes[0].emptyDir.sizeLimit",
              volume(R"(empty_dir { size_limit { string: "-1" } })"),
              volume(R"(empty_dir { size_limit { string: "1Gi" } })"));
}

void add_files(cases& pods) {
  auto items = "spec.volumes[0].configMap.items[0]";
  auto map = [](const char* item) {
    return [item](Pod& pod) {
      auto text = std::string{R"(config_map { local_object_reference {
                                   name: "m" } items { )"}
                  + item + " } }";
      volume(text.c_str())(pod);
    };
  };
  pods.create("config-map-items", std::string{items} + ".path",
              map(R"(key: "a" path: "../b")"), map(R"(key: "a" path: "b/c")"));
  pods.create("config-map-items", std::string{items} + ".path",
              map(R"(key: "a" path: "/b")"));
  pods.create("config-map-items", std::string{items} + ".path",
              map(R"(key: "a" path: "..b")"));
  pods.create("config-map-items", std::string{items} + ".key",
              map(R"(path: "b")"));
  pods.create("config-map-items", std::string{items} + ".mode",
              map(R"(key: "a" path: "b" mode: 512)"),
              map(R"(key: "a" path: "b" mode: 511)"));
  auto mode = "spec.volumes[0].secret.defaultMode";
  pods.create("secret-mode", mode,
              volume(R"(secret { secret_name: "s" default_mode: 512 })"),
              volume(R"(secret { secret_name: "s" default_mode: 0 })"));
  pods.create("secret-mode", mode,
              volume(R"(secret { secret_name: "s" default_mode: -1 })"));
  // Kubernetes names no item here.
  auto down = "spec.volumes[0].downwardAPI";
  auto field = R"(field_ref { api_version: "v1" field_path: "metadata.name" })";
  auto file = [](std::string text) {
    return [text = "downward_api { items { " + text + " } }"](Pod& pod) {
      volume(text.c_str())(pod);
    };
  };
  pods.create("downward-items", down, file(R"(path: "a")"),
              file(std::string{R"(path: "a" )"} + field));
  pods.create("downward-items", down,
              file(std::string{R"(path: "a" )"} + field
                   + R"(resource_field_ref { container_name: "main"
                          resource: "limits.cpu" })"),
              file(R"(path: "a" resource_field_ref { container_name: "main"
                        resource: "limits.cpu" })"));
  pods.create("downward-items", std::string{down} + ".path",
              file(std::string{R"(path: "/a" )"} + field));
  pods.create("resource-field",
              std::string{down} + ".resourceFieldRef.containerName",
              file(R"(path: "a" resource_field_ref {
                        resource: "limits.cpu" })"));
}

void add_projections(cases& pods) {
  auto sources = "spec.volumes[0].projected.sources";
  auto token = [](const char* seconds) {
    return [seconds](Pod& pod) {
      auto text = std::string{R"(projected { sources { service_account_token {
                                   path: "t" expiration_seconds: )"}
                  + seconds + " } } }";
      volume(text.c_str())(pod);
    };
  };
  auto at = std::string{sources} + "[0].serviceAccountToken.expirationSeconds";
  pods.create("token-expiration", at, token("599"), token("600"));
  pods.create("token-expiration", at, token("4294967297"), token("4294967296"));
  pods.create("projected-sources", std::string{sources} + "[0]",
              volume(R"(projected { sources {
                secret { local_object_reference { name: "a" } }
                config_map { local_object_reference { name: "a" } } } })"),
              volume(R"(projected {
                sources { secret { local_object_reference { name: "a" } } }
                sources { config_map {
                  local_object_reference { name: "a" } } } })"));
  pods.create("projected-sources", "spec.volumes[0].projected",
              volume(R"(projected {
                sources { secret { local_object_reference { name: "a" }
                                   items { key: "k" path: "p" } } }
                sources { config_map { local_object_reference { name: "a" }
                                   items { key: "k" path: "p" } } } })"));
}

/// One that is refused and one that is not for each kind of source, `field`
/// below the source itself.
struct source_case {
  const char* field;
  const char* refused;
  const char* accepted;
};

constexpr source_case foreign_sources[] = {
    {"awsElasticBlockStore.volumeID", "aws_elastic_block_store {}",
     R"(aws_elastic_block_store { volume_id: "v" partition: 255 })"},
    {"awsElasticBlockStore.partition",
     R"(aws_elastic_block_store { volume_id: "v" partition: 256 })",
     R"(aws_elastic_block_store { volume_id: "v" })"},
    {"persistentDisk.pdName", "gce_persistent_disk {}",
     R"(gce_persistent_disk { pd_name: "d" })"},
    {"azureDisk.diskURI",
     R"(azure_disk { disk_name: "d" disk_uri: "/x" kind: "Managed" })",
     R"(azure_disk { disk_name: "d" disk_uri: "/subscriptions/x"
                     kind: "Managed" })"},
    {"azureDisk.diskURI",
     R"(azure_disk { disk_name: "d" disk_uri: "/x" kind: "Shared" })",
     R"(azure_disk { disk_name: "d" disk_uri: "https://x" kind: "Shared" })"},
    {"azureFile.shareName", R"(azure_file { secret_name: "s" })",
     R"(azure_file { secret_name: "s" share_name: "h" })"},
    {"cephfs.monitors", "cephfs {}", R"(cephfs { monitors: "m" })"},
    {"cinder.secretRef.name", R"(cinder { volume_id: "v" secret_ref {} })",
     R"(cinder { volume_id: "v" secret_ref { name: "s" } })"},
    {"csi.driver", R"(csi { driver: "a_b" })", R"(csi { driver: "A.b" })"},
    {"csi.nodePublishSecretRef.name",
     R"(csi { driver: "a" node_publish_secret_ref {} })",
     R"(csi { driver: "a" node_publish_secret_ref { name: "s" } })"},
    {"fc.lun", R"(fc { target_wwns: "w" })",
     R"(fc { target_wwns: "w" lun: 255 })"},
    {"fc.targetWWNs", "fc { lun: 1 }", R"(fc { wwids: "w" })"},
    {"fc.targetWWNs", R"(fc { target_wwns: "w" lun: 1 wwids: "x" })",
     R"(fc { wwids: "w" lun: 1 })"},
    {"flexVolume.options[k8s.io/a]",
     R"(flex_volume { driver: "d" options { key: "k8s.io/a" value: "" } })",
     R"(flex_volume { driver: "d" options { key: "b.io/a" value: "" } })"},
    {"flocker", R"(flocker { dataset_name: "a" dataset_uuid: "b" })",
     R"(flocker { dataset_uuid: "b" })"},
    {"flocker.datasetName", R"(flocker { dataset_name: "a/b" })",
     R"(flocker { dataset_name: "a" })"},
    {"gitRepo.directory", R"(git_repo { repository: "r" directory: "../a" })",
     R"(git_repo { repository: "r" directory: "a" })"},
    {"glusterfs.endpoints", R"(glusterfs { path: "p" })",
     R"(glusterfs { endpoints: "e" path: "p" })"},
    {"iscsi.iqn", R"(iscsi { target_portal: "t" iqn: "iqn.2015-2.x:y" })",
     R"(iscsi { target_portal: "t" iqn: "iqn.2015-02.x.y:z" })"},
    {"iscsi.iqn", R"(iscsi { target_portal: "t" iqn: "abc" })",
     R"(iscsi { target_portal: "t" iqn: "eui.0123456789abcdef" })"},
    {"iscsi.secretRef",
     R"(iscsi { target_portal: "t" iqn: "eui.0123456789abcdef"
                chap_auth_session: true })",
     R"(iscsi { target_portal: "t" iqn: "eui.0123456789abcdef"
                chap_auth_session: true secret_ref { name: "s" } })"},
    {"iscsi.initiatorname",
     R"(iscsi { target_portal: "t" iqn: "eui.0123456789abcdef"
                initiator_name: "me" })",
     R"(iscsi { target_portal: "t" iqn: "eui.0123456789abcdef"
                initiator_name: "iqn.2015-02.x:y" })"},
    {"nfs.path", R"(nfs { server: "s" path: "x" })",
     R"(nfs { server: "s" path: "/x" })"},
    {"photonPersistentDisk.pdID", "photon_persistent_disk {}",
     R"(photon_persistent_disk { pd_id: "p" })"},
    {"portworxVolume.volumeID", "portworx_volume {}",
     R"(portworx_volume { volume_id: "v" })"},
    {"quobyte.registry", R"(quobyte { registry: "a:1,b" volume: "v" })",
     R"(quobyte { registry: "a:1,[::1]:2" volume: "v" })"},
    {"rbd.image", R"(rbd { monitors: "m" })",
     R"(rbd { monitors: "m" image: "i" })"},
    {"scaleIO.system", R"(scale_io { gateway: "g" volume_name: "v" })",
     R"(scale_io { gateway: "g" volume_name: "v" system: "s" })"},
    {"storageos.volumeName", R"(storageos { volume_name: "A" })",
     R"(storageos { volume_name: "a" })"},
    {"vsphereVolume.volumePath", "vsphere_volume {}",
     R"(vsphere_volume { volume_path: "p" })"},
    {"ephemeral.volumeClaimTemplate.metadata.name",
     R"(ephemeral { volume_claim_template { metadata { name: "x" }
          spec { access_modes: "ReadWriteOnce" resources { requests {
            key: "storage" value { string: "1Gi" } } } } } })",
     R"(ephemeral { volume_claim_template {
          spec { access_modes: "ReadWriteOnce" resources { requests {
            key: "storage" value { string: "1Gi" } } } } } })"},
    {"ephemeral.volumeClaimTemplate.spec.accessModes",
     R"(ephemeral { volume_claim_template {
          spec { resources { requests {
            key: "storage" value { string: "1Gi" } } } } } })",
     R"(ephemeral { volume_claim_template {
          spec { access_modes: "ReadOnlyMany" resources { requests {
            key: "storage" value { string: "1Gi" } } } } } })"},
};

void add_foreign_sources(cases& pods) {
  for (auto& one : foreign_sources)
    pods.create("volume-source", std::string{"spec.volumes[0]."} + one.field,
                volume(one.refused), volume(one.accepted));
}

} // namespace

void add_volume_cases(rule_cases& all) {
  auto pods = cases_of_pods(all);
  add_sources(pods);
  add_foreign_sources(pods);
  add_files(pods);
  add_projections(pods);
}

} // namespace troupe::rules
