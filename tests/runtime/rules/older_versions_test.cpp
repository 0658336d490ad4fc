#include "messages/api/apiextensions.pb.h"
#include "messages/api/apiextensions_v1beta1.pb.h"
#include "messages/api/autoscaling_v2.pb.h"
#include "messages/api/autoscaling_v2beta1.pb.h"
#include "messages/api/batch_v1beta1.pb.h"
#include "messages/api/certificates.pb.h"
#include "messages/api/certificates_v1beta1.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/api/discovery_v1beta1.pb.h"
#include "messages/api/extensions_v1beta1.pb.h"
#include "messages/api/flowcontrol.pb.h"
#include "messages/api/flowcontrol_v1beta1.pb.h"
#include "messages/api/networking.pb.h"
#include "messages/api/networking_v1beta1.pb.h"
#include "messages/api/policy.pb.h"
#include "messages/api/policy_v1beta1.pb.h"
#include "runtime/rules/versions.hpp"
#include "runtime/text/json_reader.hpp"
#include "runtime/text/json_writer.hpp"

#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

template <class T>
object read(const std::string& json) {
  T msg;
  auto err = text::read_json(json, msg);
  EXPECT_FALSE(err) << message_of(err) << "\n" << json;
  return object::of(msg);
}

/// The JSON of an object in another version, without what all have.
std::string shown(const object& what) {
  auto all = text::to_json(what);
  auto spec = all.find("\"spec\":");
  return spec == all.npos ? all : all.substr(spec);
}

/// An older object as it is stored, and that it comes back.
template <class Old>
std::string stored(const std::string& json) {
  auto old = read<Old>(json);
  auto now = to_stored(old);
  auto again = from_stored(old.kind(), now);
  EXPECT_TRUE(again.same_content(old)) << text::to_json(again) << "\n"
                                       << text::to_json(old);
  return shown(now);
}

template <class New, class Old>
std::string as_older(const std::string& json) {
  return shown(from_stored(kind_of<Old>(), read<New>(json)));
}

} // namespace

TEST(OlderVersions, AreStoredAsTheNewestOfTheirKind) {
  for (auto& kind : all_kinds())
    // One kind went before it had a newer version.
    if (kind.version.find("beta") != kind.version.npos
        && kind.kind != "PodSecurityPolicy") {
      auto& newest = stored_kind(kind);
      EXPECT_NE(&newest, &kind) << kind.api_version() << " " << kind.kind;
      EXPECT_EQ(newest.kind, kind.kind);
      EXPECT_EQ(newest.plural, kind.plural);
      EXPECT_EQ(newest.namespaced, kind.namespaced);
      EXPECT_NE(find_resource(kind.group, kind.plural), nullptr);
      if (kind.group != "extensions") {
        EXPECT_NE(find_resource(kind.group, kind.plural), &kind)
            << "the newest comes last in the table of kinds";
      }
    }
}

TEST(OlderVersions, IngressNamesServiceAndPortOfABackend) {
  auto json = R"({"metadata":{"name":"a"},"spec":{"backend":{
      "serviceName":"s","servicePort":"web"},"rules":[{"host":"h","http":{
      "paths":[{"path":"/","pathType":"Prefix","backend":{
      "serviceName":"t","servicePort":80}}]}}]}})";
  auto wanted =
      R"("spec":{"defaultBackend":{"service":{"name":"s","port":{"name":"web"}}},)"
      R"("rules":[{"host":"h","http":{"paths":[{"path":"/","pathType":"Prefix",)"
      R"("backend":{"service":{"name":"t","port":{"number":80}}}}]}}]},)"
      R"("status":{"loadBalancer":{}}})";
  EXPECT_EQ(stored<networking::v1beta1::Ingress>(json), wanted);
  EXPECT_EQ(stored<extensions::v1beta1::Ingress>(json), wanted);
}

TEST(OlderVersions, IngressPathsAreSpecificWhereTheyDoNotSay) {
  auto now = to_stored(read<networking::v1beta1::Ingress>(
      R"({"spec":{"rules":[{"http":{"paths":[{"backend":{
          "serviceName":"t","servicePort":80}}]}}]}})"));
  EXPECT_EQ(now.as<networking::v1::Ingress>()
                .spec()
                .rules(0)
                .ingress_rule_value()
                .http()
                .paths(0)
                .path_type(),
            "ImplementationSpecific");
}

TEST(OlderVersions, SlicesHaveTopology) {
  auto json = R"({"addressType":"IPv4","endpoints":[{"addresses":["1.2.3.4"],
      "nodeName":"n","topology":{"kubernetes.io/hostname":"n",
      "topology.kubernetes.io/zone":"z","x":"y"}}],"ports":null})";
  auto now = to_stored(read<discovery::v1beta1::EndpointSlice>(json));
  auto& endpoint = now.as<discovery::v1::EndpointSlice>().endpoints(0);
  EXPECT_EQ(endpoint.node_name(), "n");
  EXPECT_EQ(endpoint.zone(), "z");
  EXPECT_EQ(endpoint.deprecated_topology().size(), 1u);
  auto back = from_stored(kind_of<discovery::v1beta1::EndpointSlice>(), now);
  EXPECT_TRUE(back.same_content(read<discovery::v1beta1::EndpointSlice>(json)))
      << text::to_json(back);
}

TEST(OlderVersions, EmptySelectorsOfBudgetsMeanOtherThings) {
  using Old = policy::v1beta1::PodDisruptionBudget;
  using New = policy::v1::PodDisruptionBudget;
  std::string key = "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match";
  auto marked = [&](const char* operation) {
    return R"({"spec":{"selector":{"matchExpressions":[{"key":")" + key
           + R"(","operator":")" + operation + "\"}]}}}";
  };
  auto selector = [](const std::string& text) {
    return text.substr(0, text.find(",\"status\""));
  };
  EXPECT_EQ(selector(stored<Old>(R"({"spec":{"selector":{}}})")),
            R"("spec":{"selector":{"matchExpressions":[{"key":")" + key
                + R"(","operator":"Exists"}]}})");
  EXPECT_EQ(selector(stored<Old>(marked("DoesNotExist"))),
            R"("spec":{"selector":{}})");
  EXPECT_EQ(selector(as_older<New, Old>(marked("Exists"))),
            R"("spec":{"selector":{}})");
}

TEST(OlderVersions, AutoscalersOfV2beta1) {
  auto json = R"({"metadata":{"name":"a"},"spec":{
      "scaleTargetRef":{"kind":"Deployment","name":"d"},
      "minReplicas":1,"maxReplicas":5,"metrics":[
      {"type":"Resource","resource":{"name":"cpu",
        "targetAverageUtilization":50}},
      {"type":"Pods","pods":{"metricName":"hits","targetAverageValue":"10"}},
      {"type":"Object","object":{"target":{"kind":"Ingress","name":"i"},
        "metricName":"rps","targetValue":"2k"}},
      {"type":"External","external":{"metricName":"queue",
        "targetAverageValue":"30"}}]},
      "status":{"currentReplicas":1,"desiredReplicas":2,"currentMetrics":[
      {"type":"Resource","resource":{"name":"cpu",
        "currentAverageUtilization":9,"currentAverageValue":"1m"}}],
      "conditions":[]}})";
  auto now = stored<autoscaling::v2beta1::HorizontalPodAutoscaler>(json);
  for (auto* part :
       {R"("resource":{"name":"cpu","target":{"type":"Utilization",)"
        R"("averageUtilization":50}})",
        R"("target":{"type":"AverageValue","averageValue":"10"}})",
        R"("describedObject":{"kind":"Ingress","name":"i"})",
        R"("target":{"type":"Value","value":"2k"})",
        R"("target":{"type":"AverageValue","averageValue":"30"}})"})
    EXPECT_NE(now.find(part), now.npos) << part << "\n" << now;
}

TEST(OlderVersions, LevelsOfPriorityShareByAnotherName) {
  auto now = to_stored(read<flowcontrol::v1beta1::PriorityLevelConfiguration>(
      R"({"spec":{"type":"Limited","limited":{
          "limitResponse":{"type":"Reject"}}}})"));
  EXPECT_EQ(now.as<flowcontrol::v1::PriorityLevelConfiguration>()
                .spec()
                .limited()
                .nominal_concurrency_shares(),
            30);
  EXPECT_NE((as_older<flowcontrol::v1::PriorityLevelConfiguration,
                      flowcontrol::v1beta1::PriorityLevelConfiguration>(
                 R"({"spec":{"type":"Limited","limited":{
                     "nominalConcurrencyShares":7}}})")
                 .find("\"assuredConcurrencyShares\":7")),
            std::string::npos);
}

TEST(OlderVersions, RequestsForCertificatesNeedNotNameASigner) {
  auto now = to_stored(read<certificates::v1beta1::CertificateSigningRequest>(
      R"({"spec":{"request":"eA=="},"status":{"conditions":[
          {"type":"Approved"}]}})"));
  auto& request = now.as<certificates::v1::CertificateSigningRequest>();
  EXPECT_EQ(request.spec().signer_name(), "kubernetes.io/legacy-unknown");
  EXPECT_EQ(request.spec().usages_size(), 2);
  EXPECT_EQ(request.status().conditions(0).status(), "True");
}

TEST(OlderVersions, DefinitionSaysOnceWhatAllItsVersionsHave) {
  using newer = apiextensions::v1::CustomResourceDefinition;
  using older = apiextensions::v1beta1::CustomResourceDefinition;
  auto now = to_stored(read<older>(R"({"spec":{"group":"g","version":"v1",
      "names":{"plural":"a","kind":"A"},"subresources":{"status":{}},
      "additionalPrinterColumns":[
        {"name":"n","type":"string","JSONPath":".x"}]}})"));
  auto& spec = now.as<newer>().spec();
  ASSERT_EQ(spec.versions_size(), 1);
  EXPECT_EQ(spec.versions(0).name(), "v1");
  EXPECT_TRUE(spec.versions(0).served() && spec.versions(0).storage());
  EXPECT_TRUE(spec.versions(0).subresources().has_status());
  EXPECT_EQ(spec.versions(0).additional_printer_columns(0).json_path(), ".x");
  EXPECT_EQ(spec.scope(), "Namespaced");
  EXPECT_EQ(spec.conversion().strategy(), "None");
  EXPECT_TRUE(spec.preserve_unknown_fields());
  auto back = from_stored(kind_of<older>(), now);
  auto& old = back.as<older>().spec();
  EXPECT_EQ(old.version(), "v1");
  EXPECT_TRUE(old.subresources().has_status());
  EXPECT_FALSE(old.versions(0).has_subresources());
  EXPECT_EQ(old.additional_printer_columns(0).json_path(), ".x");
}

TEST(OlderVersions, DefinitionTellsVersionsApartThatDiffer) {
  using newer = apiextensions::v1::CustomResourceDefinition;
  using older = apiextensions::v1beta1::CustomResourceDefinition;
  auto back = from_stored(kind_of<older>(),
                          read<newer>(R"({"spec":{"group":"g","scope":"Cluster",
      "names":{"plural":"a","kind":"A"},"versions":[
        {"name":"v2","served":true,"storage":true,
         "subresources":{"status":{}}},
        {"name":"v1","served":true,"storage":false}],
      "conversion":{"strategy":"Webhook","webhook":{
        "clientConfig":{"url":"https://a"},
        "conversionReviewVersions":["v1"]}}}})"));
  auto& old = back.as<older>().spec();
  EXPECT_EQ(old.version(), "v2");
  EXPECT_FALSE(old.has_subresources());
  EXPECT_TRUE(old.versions(0).has_subresources());
  EXPECT_EQ(old.conversion().webhook_client_config().url(), "https://a");
  EXPECT_EQ(old.conversion().conversion_review_versions(0), "v1");
  EXPECT_FALSE(old.preserve_unknown_fields());
}

TEST(OlderVersions, WithTheSameFieldsHaveTheSameBytes) {
  auto old = read<batch::v1beta1::CronJob>(
                 R"({"metadata":{"name":"a","namespace":"b"},
          "spec":{"schedule":"* * * * *","jobTemplate":{}}})")
                 .with_revision(9);
  auto now = to_stored(old);
  EXPECT_EQ(now.bytes(), old.bytes());
  EXPECT_EQ(now.revision(), 9u);
  EXPECT_EQ(now.kind().api_version(), "batch/v1");
}

} // namespace troupe::rules
