#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/networking.pb.h"
#include "rule_cases.hpp"
#include "runtime/rules/limit_ranges.hpp"
#include "runtime/rules/quota_admission.hpp"

namespace troupe::rules {

using core::v1::LimitRange;
using core::v1::Pod;
using core::v1::ResourceQuota;
using networking::v1::Ingress;
using networking::v1::IngressClass;

namespace {

template <class T>
std::function<void(T&)> merge(const std::string& text) {
  return [text](T& obj) {
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &obj))
        << text;
  };
}

std::string amount(const char* field, const char* name, const char* value) {
  return std::string{field} + R"( { key: ")" + name + R"(" value { string: ")"
         + value + R"(" } } )";
}

std::vector<field_error> charged(const char* hard) {
  auto quota = from_text<ResourceQuota>(
      R"(metadata { name: "q" namespace: "b" } spec { )"
      + amount("hard", "pods", hard) + "} status { "
      + amount("hard", "pods", hard) + amount("used", "pods", "1") + "}");
  auto pod = from_text<Pod>(R"(metadata { name: "p" namespace: "b" })");
  auto paid = charge(std::vector{object::of(quota)},
                     {&kind_of<Pod>(), &pod, nullptr, time_point{}});
  return as_findings(paid ? caf::error{} : paid.error());
}

void add_quotas(rule_cases& all) {
  kind_cases<ResourceQuota> cases{all, "core/v1", "ResourceQuota",
                                  R"(metadata { name: "a" namespace: "b" })"};
  auto spec = [](const std::string& text) {
    return merge<ResourceQuota>("spec { " + text + " }");
  };
  cases.create("hard", "spec.hard[foo]", spec(amount("hard", "foo", "1")),
               spec(amount("hard", "count/jobs.batch", "1")));
  cases.create("hard", "spec.hard[pods]", spec(amount("hard", "pods", "1.5")),
               spec(amount("hard", "cpu", "1.5")));
  cases.create("scopes", "spec.scopes",
               spec(amount("hard", "cpu", "1") + R"(scopes: "BestEffort")"),
               spec(amount("hard", "pods", "1") + R"(scopes: "BestEffort")"));
  cases.create("scopes", "spec.scopes",
               spec(R"(scopes: "Terminating" scopes: "NotTerminating")"));
  cases.update("scopes", "spec.scopes", spec(R"(scopes: "Terminating")"));
  auto selector = [&](const std::string& text) {
    return spec("scope_selector { match_expressions { " + text + " } }");
  };
  auto at = "spec.scopeSelector.matchExpressions.values";
  cases.create("scope-selector", at,
               selector(R"(scope_name: "PriorityClass" operator: "In")"),
               selector(R"(scope_name: "PriorityClass" operator: "In"
                           values: "a")"));
  cases.create("scope-selector", "spec.scopeSelector.matchExpressions.operator",
               selector(R"(scope_name: "BestEffort" operator: "In"
                           values: "a")"),
               selector(R"(scope_name: "BestEffort" operator: "Exists")"));
  cases.call(
      "admission", "", [] { return charged("1"); },
      [] { return charged("2"); });
}

std::vector<field_error> ranged(const char* limit) {
  auto range = from_text<LimitRange>(R"(spec { limits { type: "Container" )"
                                     + amount("max", "cpu", "1") + "} }");
  auto pod = from_text<Pod>("spec { containers { resources { "
                            + amount("limits", "cpu", limit) + "} } }");
  auto found = as_findings(check_limit_ranges(pod, {&range}));
  return found;
}

void add_ranges(rule_cases& all) {
  kind_cases<LimitRange> cases{all, "core/v1", "LimitRange",
                               R"(metadata { name: "a" namespace: "b" })"};
  auto item = [](const char* type, const std::string& text) {
    return merge<LimitRange>(std::string{R"(spec { limits { type: ")"} + type
                             + "\" " + text + " } }");
  };
  auto pair = [](const char* a, const char* b, const char* low,
                 const char* high) {
    return amount(a, "cpu", low) + amount(b, "cpu", high);
  };
  cases.create("type", "spec.limits[1].type", [&](LimitRange& x) {
    merge<LimitRange>(R"(spec { limits { type: "Pod" }
                                    limits { type: "Pod" } })")(x);
  });
  cases.create("type", "spec.limits[0].type", item("Foo", ""),
               item("a.b/Foo", ""));
  cases.create("min", "spec.limits[0].min[foo]",
               item("Pod", amount("min", "foo", "1")),
               item("Pod", amount("min", "a.b/foo", "1")));
  cases.create(
      "min", "spec.limits[0].min[requests.a.b/x]",
      item("Container", amount("min", "requests.a.b/x", "1")),
      item("PersistentVolumeClaim", amount("min", "requests.a.b/x", "1")
                                        + amount("max", "storage", "1Gi")));
  cases.create("min", "spec.limits[0].min[cpu]",
               item("Pod", pair("min", "max", "2", "1")),
               item("Pod", pair("min", "max", "1", "2")));
  cases.create("default", "spec.limits[0].default",
               item("Pod", amount("default", "cpu", "1")),
               item("Container", amount("default", "cpu", "1")));
  cases.create("default", "spec.limits[0].default[cpu]",
               item("Container", pair("default", "max", "2", "1")));
  cases.create("default-request", "spec.limits[0].defaultRequest[cpu]",
               item("Container", pair("default_request", "default", "2", "1")),
               item("Container", pair("default_request", "default", "1", "2")));
  cases.create("ratio", "spec.limits[0].maxLimitRequestRatio[cpu]",
               item("Pod", amount("max_limit_request_ratio", "cpu", "500m")),
               item("Pod", amount("max_limit_request_ratio", "cpu", "2")));
  cases.create("claim-storage", "spec.limits[0].limits",
               item("PersistentVolumeClaim", ""),
               item("PersistentVolumeClaim", amount("max", "storage", "1Gi")));
  cases.call(
      "admission", "", [] { return ranged("2"); }, [] { return ranged("1"); });
}

constexpr const char* service =
    R"(backend { service { name: "s" port { number: 80 } } })";

void add_ingresses(rule_cases& all) {
  kind_cases<Ingress> cases{all, "networking/v1", "Ingress",
                            R"(metadata { name: "a" namespace: "b" })"};
  auto spec = [](const std::string& text) {
    return merge<Ingress>("spec { " + text + " }");
  };
  auto backend = [&](const std::string& text) {
    return spec("default_backend { " + text + " }");
  };
  auto path = [&](const std::string& text) {
    return spec("rules { ingress_rule_value { http { paths { " + text
                + " } } } }");
  };
  auto host = [&](const char* name) {
    return spec(std::string{R"(rules { host: ")"} + name + "\" }");
  };
  auto good = backend(R"(service { name: "s" port { name: "http" } })");
  cases.create(
      "backend-or-rules", "spec", [](Ingress&) {}, good);
  cases.create("host", "spec.rules[0].host", host("1.2.3.4"), host("*.a.b"));
  cases.create("host", "spec.rules[0].host", host("a.*.b"), host("a.b"));
  cases.create("paths", "spec.rules[0].http.paths",
               spec("rules { ingress_rule_value { http {} } }"), host("a.b"));
  auto first = std::string{"spec.rules[0].http.paths[0]."};
  cases.create(
      "path-type", first + "pathType", path(service),
      path(std::string{R"(path_type: "Prefix" path: "/" )"} + service));
  cases.create(
      "path", first + "path",
      path(std::string{R"(path_type: "Exact" path: "/a//b" )"} + service),
      path(std::string{R"(path_type: "Exact" path: "/a/b" )"} + service));
  cases.create("backend", first + "backend", path(R"(path_type: "Prefix"
                                                     path: "/")"),
               good);
  cases.create("service-name", "spec.defaultBackend.service.name",
               backend(R"(service { name: "1s" port { number: 80 } })"), good);
  cases.create("service-port", "spec.defaultBackend",
               backend(R"(service { name: "s" port { number: 80
                                                     name: "http" } })"),
               good);
  auto secured = [&](const std::string& text) {
    return spec(R"(default_backend { service { name: "s" port { number: 1 } } }
                   tls { )"
                + text + " }");
  };
  cases.create("tls-hosts", "spec.tls[0].hosts[0]", secured(R"(hosts: "A")"),
               secured(R"(hosts: "*.a.b")"));
  cases.create("tls-secret", "spec.tls[0].secretName",
               secured(R"(secret_name: "A_b")"),
               secured(R"(secret_name: "a")"));
  auto in_class = [&](const std::string& text) {
    return merge<Ingress>(R"(spec { ingress_class_name: "c" default_backend {
        service { name: "s" port { number: 1 } } } } )"
                          + text);
  };
  cases.create("class-name", "annotations.kubernetes.io/ingress.class",
               in_class(R"(metadata { annotations {
                   key: "kubernetes.io/ingress.class" value: "c" } })"),
               in_class(""));
}

void add_classes(rule_cases& all) {
  kind_cases<IngressClass> cases{all, "networking/v1", "IngressClass",
                                 R"(metadata { name: "a" }
                                    spec { controller: "a.b/c" })"};
  auto spec = [](const char* text) {
    return merge<IngressClass>(std::string{"spec { "} + text + " }");
  };
  cases.create("controller", "spec.controller", spec(R"(controller: "c")"));
  cases.update("controller", "spec.controller", spec(R"(controller: "a.b/d")"));
  cases.create("parameters", "spec.parameters.namespace",
               spec(R"(parameters { kind: "k" name: "n" scope: "Namespace" })"),
               spec(R"(parameters { kind: "k" name: "n" scope: "Cluster" })"));
}

} // namespace

void add_limit_cases(rule_cases& all) {
  add_quotas(all);
  add_ranges(all);
  add_ingresses(all);
  add_classes(all);
}

} // namespace troupe::rules
