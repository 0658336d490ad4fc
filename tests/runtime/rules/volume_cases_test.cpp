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
  pods.create("volume-source", "spec.volumes[0].emptyDir",
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
  auto down = "spec.volumes[0].downwardAPI.items[0]";
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
              volume("projected { sources {} }"));
  pods.create("projected-sources", std::string{sources} + "[0].configMap",
              volume(R"(projected { sources {
                secret { local_object_reference { name: "a" } }
                config_map { local_object_reference { name: "a" } } } })"),
              volume(R"(projected {
                sources { secret { local_object_reference { name: "a" } } }
                sources { config_map {
                  local_object_reference { name: "a" } } } })"));
  pods.create("projected-sources",
              std::string{sources} + "[1].configMap.items[0].path",
              volume(R"(projected {
                sources { secret { local_object_reference { name: "a" }
                                   items { key: "k" path: "p" } } }
                sources { config_map { local_object_reference { name: "a" }
                                   items { key: "k" path: "p" } } } })"));
}

} // namespace

void add_volume_cases(rule_cases& all) {
  auto pods = cases_of_pods(all);
  add_sources(pods);
  add_files(pods);
  add_projections(pods);
}

} // namespace troupe::rules
