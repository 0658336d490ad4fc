#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "runtime/rules/pod_downward.hpp"
#include "runtime/rules/pod_env.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

using namespace troupe;
using namespace troupe::rules;

namespace {

template <class T>
T parsed(const std::string& text) {
  T msg;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &msg));
  return msg;
}

core::v1::Pod pod_with(const std::string& container,
                       const std::string& spec = {}) {
  return parsed<core::v1::Pod>(
      "metadata { name: 'web-0' namespace: 'shop' uid: 'u1' labels { key: "
      "'app' "
      "value: 'web' } annotations { key: 'note' value: 'a\"b' } } spec { "
      "node_name: 'n1' service_account_name: 'default' containers { name: "
      "'web' "
      + container + " } " + spec
      + " } status { pod_ip: '10.1.0.7' pod_ips { ip: '10.1.0.7' } host_ip: "
        "'10.0.0.1' host_ips { ip: '10.0.0.1' } }");
}

core::v1::NodeStatus node() {
  return parsed<core::v1::NodeStatus>(
      "allocatable { key: 'cpu' value { string: '2' } } allocatable { key: "
      "'memory' value { string: '4Gi' } }");
}

pod_references known() {
  pod_references refs;
  refs.config_maps["c"] = object::of(parsed<core::v1::ConfigMap>(
      "metadata { name: 'c' namespace: 'shop' } data { key: 'b' value: '2' } "
      "data { key: 'a' value: '1' }"));
  refs.secrets["s"] = object::of(
      parsed<core::v1::Secret>("metadata { name: 's' namespace: 'shop' } data "
                               "{ key: 'pw' value: 'x' }"));
  return refs;
}

// The environment as text, one variable per line; or the error.
std::string env_of(const core::v1::Pod& pod, const pod_references& refs) {
  auto env = container_env(pod, pod.spec().containers(0), refs, node());
  if (!env)
    return message_of(env.error());
  std::string text;
  for (const auto& [name, value] : *env)
    if (name != "HOSTNAME")
      text += name + "=" + value + "\n";
  return text;
}

} // namespace

TEST(PodEnv, TakesAllKeysOfSourcesAndLetsEnvReplaceThem) {
  EXPECT_EQ(env_of(pod_with("env_from { prefix: 'C_' config_map_ref { "
                            "local_object_reference { name: 'c' } } } env_from "
                            "{ secret_ref { local_object_reference { name: 's' "
                            "} } } env { name: 'pw' value: 'mine' }"),
                   known()),
            "C_a=1\nC_b=2\npw=mine\n");
}

TEST(PodEnv, TakesSingleKeys) {
  EXPECT_EQ(
      env_of(
          pod_with("env { name: 'A' value_from { config_map_key_ref { "
                   "local_object_reference { name: 'c' } key: 'a' } } } env { "
                   "name: 'P' value_from { secret_key_ref { "
                   "local_object_reference { name: 's' } key: 'pw' } } }"),
          known()),
      "A=1\nP=x\n");
}

TEST(PodEnv, SaysWhatIsMissingUnlessItIsOptional) {
  struct row {
    const char* env;
    const char* result;
  };
  for (
      auto [env, result] : {
          row{"env_from { config_map_ref { local_object_reference { name: 'no' "
              "} } }",
              "configmap \"no\" not found"},
          row{"env_from { secret_ref { local_object_reference { name: 'no' } } "
              "}",
              "secret \"no\" not found"},
          row{"env_from { secret_ref { local_object_reference { name: 'no' } "
              "optional: true } }",
              ""},
          row{"env { name: 'A' value_from { config_map_key_ref { "
              "local_object_reference { name: 'c' } key: 'z' } } }",
              "couldn't find key z in ConfigMap shop/c"},
          row{"env { name: 'A' value_from { secret_key_ref { "
              "local_object_reference { name: 's' } key: 'z' } } }",
              "couldn't find key z in Secret shop/s"},
          row{"env { name: 'A' value_from { secret_key_ref { "
              "local_object_reference { name: 's' } key: 'z' optional: true } "
              "} "
              "} env { name: 'B' value: 'b' }",
              "B=b\n"},
      })
    EXPECT_EQ(env_of(pod_with(env), known()), result) << env;
}

TEST(PodEnv, ExpandsVariablesThatCameBefore) {
  struct row {
    const char* text;
    const char* result;
  };
  env_list env{{"A", "1"}, {"B", "$(A)"}};
  for (auto [text, result] :
       {row{"$(A)", "1"}, row{"x$(A)y$(B)", "x1y$(A)"}, row{"$(NO)", "$(NO)"},
        row{"$$(A)", "$(A)"}, row{"$$$(A)", "$1"}, row{"$", "$"},
        row{"$A", "$A"}, row{"$(A", "$(A"}, row{"a$$b", "a$b"}, row{"", ""}})
    EXPECT_EQ(expand(text, env), result) << text;
  EXPECT_EQ(env_of(pod_with("env { name: 'X' value: '$(Y)' } env { name: 'Y' "
                            "value: 'y' } env { name: 'Z' value: '$(X)-$(Y)' "
                            "}"),
                   {}),
            "X=$(Y)\nY=y\nZ=$(Y)-y\n");
}

TEST(PodEnv, TellsFieldsAndAmounts) {
  auto pod = pod_with("resources { limits { key: 'cpu' value { string: '1500m' "
                      "} } requests { key: 'memory' value { string: '64Mi' } } "
                      "}");
  struct row {
    const char* path;
    const char* value;
  };
  for (auto [path, value] :
       {row{"metadata.name", "web-0"}, row{"metadata.namespace", "shop"},
        row{"metadata.uid", "u1"}, row{"metadata.labels['app']", "web"},
        row{"metadata.labels['no']", ""}, row{"metadata.labels", "app=\"web\""},
        row{"metadata.annotations", "note=\"a\\\"b\""},
        row{"spec.nodeName", "n1"}, row{"spec.serviceAccountName", "default"},
        row{"status.podIP", "10.1.0.7"}, row{"status.hostIPs", "10.0.0.1"}})
    EXPECT_EQ(*field_value(pod, path), value) << path;
  EXPECT_FALSE(field_value(pod, "spec.containers"));
  for (auto [what, value] :
       {row{"resource: 'limits.cpu'", "2"},
        row{"resource: 'limits.cpu' divisor { string: '1m' }", "1500"},
        row{"resource: 'requests.cpu' divisor { string: '1m' }", "1500"},
        row{"resource: 'requests.memory' divisor { string: '1Mi' }", "64"},
        row{"resource: 'limits.memory' divisor { string: '1Gi' }", "4"},
        row{"resource: 'requests.ephemeral-storage'", "0"}})
    EXPECT_EQ(*resource_value(pod.spec().containers(0),
                              parsed<core::v1::ResourceFieldSelector>(what),
                              node()),
              value)
        << what;
}

TEST(PodEnv, TellsThePortOfAServiceThatAnswers) {
  core::v1::Service service;
  service.mutable_metadata()->set_name("web");
  service.mutable_spec()->set_cluster_ip("127.9.16.7");
  auto* port = service.mutable_spec()->add_ports();
  port->set_name("http");
  port->set_port(80);
  env_list expected{{"WEB_SERVICE_HOST", "127.9.16.7"},
                    {"WEB_SERVICE_PORT", "8080"},
                    {"WEB_SERVICE_PORT_HTTP", "8080"},
                    {"WEB_PORT", "tcp://127.9.16.7:8080"},
                    {"WEB_PORT_80_TCP", "tcp://127.9.16.7:8080"},
                    {"WEB_PORT_80_TCP_PROTO", "tcp"},
                    {"WEB_PORT_80_TCP_PORT", "8080"},
                    {"WEB_PORT_80_TCP_ADDR", "127.9.16.7"}};
  EXPECT_EQ(service_env({object::of(service)}, 1024), expected);
  EXPECT_EQ(service_env({object::of(service)}, 80)[1].second, "80");
}

TEST(PodEnv, TellsOfServicesOfItsNamespaceAndOfTheApi) {
  pod_references refs;
  auto service = [](const char* ns, const char* name, const char* ip) {
    return object::of(parsed<core::v1::Service>(
        std::string{"metadata { name: '"} + name + "' namespace: '" + ns
        + "' } spec { cluster_ip: '" + ip
        + "' ports { name: 'web' port: 80 protocol: 'TCP' } }"));
  };
  refs.services = {service("shop", "my-db", "10.96.0.9"),
                   service("shop", "headless", "None"),
                   service("other", "db", "10.96.0.8"),
                   service("default", "kubernetes", "10.96.0.1")};
  auto text =
      env_of(pod_with("env { name: 'URL' value: '$(MY_DB_PORT)' }"), refs);
  EXPECT_EQ(text, "URL=tcp://10.96.0.9:80\n"
                  "MY_DB_SERVICE_HOST=10.96.0.9\n"
                  "MY_DB_SERVICE_PORT=80\n"
                  "MY_DB_SERVICE_PORT_WEB=80\n"
                  "MY_DB_PORT=tcp://10.96.0.9:80\n"
                  "MY_DB_PORT_80_TCP=tcp://10.96.0.9:80\n"
                  "MY_DB_PORT_80_TCP_PROTO=tcp\n"
                  "MY_DB_PORT_80_TCP_PORT=80\n"
                  "MY_DB_PORT_80_TCP_ADDR=10.96.0.9\n"
                  "KUBERNETES_SERVICE_HOST=10.96.0.1\n"
                  "KUBERNETES_SERVICE_PORT=80\n"
                  "KUBERNETES_SERVICE_PORT_WEB=80\n"
                  "KUBERNETES_PORT=tcp://10.96.0.1:80\n"
                  "KUBERNETES_PORT_80_TCP=tcp://10.96.0.1:80\n"
                  "KUBERNETES_PORT_80_TCP_PROTO=tcp\n"
                  "KUBERNETES_PORT_80_TCP_PORT=80\n"
                  "KUBERNETES_PORT_80_TCP_ADDR=10.96.0.1\n");
  text = env_of(pod_with("", "enable_service_links: false"), refs);
  EXPECT_EQ(text.find("MY_DB"), std::string::npos);
  EXPECT_NE(text.find("KUBERNETES_SERVICE_HOST"), std::string::npos);
}

TEST(PodEnv, CutsLongHostNames) {
  auto pod = pod_with("");
  EXPECT_EQ(pod_hostname(pod), "web-0");
  pod.mutable_metadata()->set_name(std::string(62, 'a') + "-bcd");
  EXPECT_EQ(pod_hostname(pod), std::string(62, 'a'));
  pod.mutable_spec()->set_hostname("other");
  EXPECT_EQ(pod_hostname(pod), "other");
}

TEST(PodReferences, NamesAllThatAPodSpeaksOf) {
  auto pod = pod_with(
      "env_from { config_map_ref { local_object_reference { name: 'a' } } } "
      "env "
      "{ name: 'x' value_from { secret_key_ref { local_object_reference { "
      "name: "
      "'b' } key: 'k' } } }",
      "volumes { name: 'v' volume_source { projected { sources { config_map { "
      "local_object_reference { name: 'c' } } } sources { "
      "service_account_token "
      "{ path: 'token' expiration_seconds: 700 } } } } } volumes { name: 'w' "
      "volume_source { secret { secret_name: 'd' } } }");
  auto wanted = references_of(pod);
  EXPECT_EQ(wanted.config_maps, (std::set<std::string>{"a", "c"}));
  EXPECT_EQ(wanted.secrets, (std::set<std::string>{"b", "d"}));
  ASSERT_EQ(wanted.tokens.size(), 1u);
  EXPECT_EQ(wanted.tokens[0].expiration_seconds, 700);
}
