#include "messages/api/core_config.pb.h"
#include "rule_cases.hpp"

namespace troupe::rules {

using core::v1::ConfigMap;
using core::v1::Secret;

namespace {

template <class T>
std::function<void(T&)> merge(const char* text) {
  return [text](T& obj) {
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &obj))
        << text;
  };
}

void add_config_maps(rule_cases& all) {
  kind_cases<ConfigMap> cases{all, "core/v1", "ConfigMap",
                              R"(metadata { name: "a" namespace: "b" })"};
  auto add = [](const char* text) { return merge<ConfigMap>(text); };
  cases.create("name", "metadata.name", add(R"(metadata { name: "A" })"));
  for (auto* key : {".", "..", "..a", "a/b", "a b"})
    cases.create(
        "data-keys", std::string{"data["} + key + "]",
        [key](ConfigMap& obj) { (*obj.mutable_data())[key] = "x"; },
        add(R"(data { key: "A_b-c.d" value: "x" })"));
  cases.create("binary-data-keys", "binaryData[a b]",
               add(R"(binary_data { key: "a b" value: "x" })"),
               add(R"(binary_data { key: ".a" value: "x" })"));
  cases.create("binary-data-keys", "data[a]",
               add(R"(data { key: "a" } binary_data { key: "a" })"),
               add(R"(data { key: "a" } binary_data { key: "b" })"));
  auto size = [](size_t bytes) {
    return [bytes](ConfigMap& obj) {
      (*obj.mutable_data())["a"] = std::string(bytes - 1, 'x');
      (*obj.mutable_binary_data())["b"] = "x";
    };
  };
  cases.create("size", "data", size(1048577), size(1048576));
  auto fixed = add(R"(immutable: true data { key: "a" value: "1" })");
  cases.update("immutable", "data", add(R"(data { key: "a" value: "2" })"),
               add(R"(metadata { labels { key: "a" value: "b" } })"), fixed);
  cases.update(
      "immutable", "immutable", [](ConfigMap& obj) { obj.clear_immutable(); },
      [](ConfigMap&) {}, fixed);
  cases.update(
      "immutable", "binaryData", add(R"(binary_data { key: "b" value: "2" })"),
      [](ConfigMap&) {}, fixed);
}

void add_secret_types(kind_cases<Secret>& cases) {
  auto add = [](const char* text) { return merge<Secret>(text); };
  cases.create("type-keys", "data[tls.key]",
               add(R"(type: "kubernetes.io/tls" data { key: "tls.crt" })"),
               add(R"(type: "kubernetes.io/tls" data { key: "tls.crt" }
                      data { key: "tls.key" })"));
  cases.create("type-keys", "data[.dockerconfigjson]",
               add(R"(type: "kubernetes.io/dockerconfigjson"
                      data { key: ".dockerconfigjson" value: "{" })"),
               add(R"(type: "kubernetes.io/dockerconfigjson"
                      data { key: ".dockerconfigjson" value: "{}" })"));
  cases.create("type-keys", "data[.dockercfg]",
               add(R"(type: "kubernetes.io/dockercfg")"),
               add(R"(type: "kubernetes.io/dockercfg"
                      data { key: ".dockercfg" value: "{}" })"));
  cases.create("type-keys", "data[username]",
               add(R"(type: "kubernetes.io/basic-auth")"),
               add(R"(type: "kubernetes.io/basic-auth"
                      data { key: "password" })"));
  cases.create("type-keys", "data[ssh-privatekey]",
               add(R"(type: "kubernetes.io/ssh-auth")"),
               add(R"(type: "kubernetes.io/ssh-auth"
                      data { key: "ssh-privatekey" })"));
  cases.create("account-annotation",
               "metadata.annotations[kubernetes.io/service-account.name]",
               add(R"(type: "kubernetes.io/service-account-token")"),
               add(R"(type: "kubernetes.io/service-account-token"
                      metadata { annotations {
                        key: "kubernetes.io/service-account.name"
                        value: "a" } })"));
}

void add_secrets(rule_cases& all) {
  kind_cases<Secret> cases{all, "core/v1", "Secret",
                           R"(metadata { name: "a" namespace: "b" })"};
  auto add = [](const char* text) { return merge<Secret>(text); };
  cases.create("data-keys", "data[a b]", add(R"(data { key: "a b" })"),
               add(R"(data { key: "a.b" })"));
  auto size = [](size_t bytes) {
    return [bytes](Secret& obj) {
      (*obj.mutable_data())["a"] = std::string(bytes, 'x');
    };
  };
  cases.create("data-keys", "data", size(1048577), size(1048576));
  auto text = [](const char* key) {
    return [key](Secret& obj) {
      (*obj.mutable_string_data())[key] = "x";
      apply_defaults(obj);
      EXPECT_TRUE(obj.string_data().empty());
    };
  };
  cases.create("string-data", "data[a b]", text("a b"), text("a"));
  cases.update("type-fixed", "type", add(R"(type: "other")"),
               add(R"(data { key: "a" })"));
  add_secret_types(cases);
  auto fixed = add(R"(immutable: true data { key: "a" value: "1" })");
  cases.update("immutable", "data", add(R"(data { key: "a" value: "2" })"),
               add(R"(metadata { labels { key: "a" value: "b" } })"), fixed);
  cases.update(
      "immutable", "immutable", [](Secret& obj) { obj.set_immutable(false); },
      [](Secret&) {}, fixed);
}

} // namespace

void add_config_cases(rule_cases& all) {
  add_config_maps(all);
  add_secrets(all);
}

} // namespace troupe::rules
