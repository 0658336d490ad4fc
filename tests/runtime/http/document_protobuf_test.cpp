#include "runtime/http/discovery.hpp"
#include "runtime/http/openapi.hpp"
#include "runtime/http/protobuf_envelope.hpp"

#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::http {

namespace {

using nlohmann::json;

/// All fields of one number in a message.
std::vector<std::string> fields(const std::string& bytes, int number) {
  google::protobuf::UnknownFieldSet set;
  EXPECT_TRUE(set.ParseFromString(bytes));
  std::vector<std::string> result;
  for (int i = 0; i < set.field_count(); ++i)
    if (set.field(i).number() == number)
      result.push_back(set.field(i).length_delimited());
  return result;
}

std::string field(const std::string& bytes, std::vector<int> path) {
  auto result = bytes;
  for (auto number : path) {
    auto found = fields(result, number);
    if (found.empty())
      return {};
    result = found.front();
  }
  return result;
}

/// The value of an entry of a map.
std::string entry(const std::vector<std::string>& entries,
                  const std::string& name) {
  for (auto& each : entries)
    if (field(each, {1}) == name)
      return field(each, {2});
  return {};
}

} // namespace

TEST(OpenApiProtobuf, IsTheDocumentInAnotherForm) {
  auto* plain = openapi_v3_document("apis/apps/v1");
  auto* bytes = openapi_v3_protobuf("apis/apps/v1");
  ASSERT_TRUE(plain && bytes);
  EXPECT_EQ(bytes, openapi_v3_protobuf("apis/apps/v1")) << "made once";
  EXPECT_EQ(bytes->hash, plain->hash);
  EXPECT_EQ(openapi_v3_protobuf("apis/apps/v7"), nullptr);
  auto document = json::parse(plain->bytes);
  EXPECT_EQ(field(bytes->bytes, {1}), "3.0.0");
  EXPECT_EQ(field(bytes->bytes, {2, 6}), document["info"]["version"]);
  auto paths = fields(field(bytes->bytes, {4}), 1);
  EXPECT_EQ(paths.size(), document["paths"].size());
  auto schemas = fields(field(bytes->bytes, {5, 1}), 1);
  EXPECT_EQ(schemas.size(), document["components"]["schemas"].size());
  // SchemaOrReference, then Schema: its type, its properties.
  auto deployment = entry(schemas, "io.k8s.api.apps.v1.Deployment");
  EXPECT_EQ(field(deployment, {1, 25}), "object");
  auto properties = fields(field(deployment, {1, 31}), 1);
  EXPECT_EQ(field(entry(properties, "apiVersion"), {1, 25}), "string");
  EXPECT_EQ(fields(field(deployment, {1}), 36).size(), 1u) << "x-kubernetes-";
  auto path = entry(paths, "/apis/apps/v1/namespaces/{namespace}/deployments");
  EXPECT_NE(field(path, {4, 5}), "") << "the operation of get";
  EXPECT_NE(field(path, {4, 8, 2, 2, 1, 3}), "") << "what it answers";
}

TEST(DiscoveryProtobuf, ListsWhatTheDocumentLists) {
  for (auto* version : {"v2", "v2beta1"}) {
    auto document = json::parse(aggregated_discovery(false, version).bytes);
    auto inside = unwrap(aggregated_protobuf(false, version).bytes);
    ASSERT_TRUE(inside);
    EXPECT_EQ(inside->kind, "APIGroupDiscoveryList");
    EXPECT_EQ(inside->api_version,
              "apidiscovery.k8s.io/" + std::string{version});
    auto groups = fields(inside->raw, 2);
    ASSERT_EQ(groups.size(), document["items"].size());
    for (size_t i = 0; i < groups.size(); ++i) {
      auto& known = document["items"][i];
      EXPECT_EQ(field(groups[i], {1, 1}), known["metadata"]["name"]);
      auto& first = known["versions"][0];
      EXPECT_EQ(field(groups[i], {2, 1}), first["version"]);
      EXPECT_EQ(field(groups[i], {2, 2, 1}), first["resources"][0]["resource"]);
      EXPECT_EQ(fields(field(groups[i], {2, 2}), 5).size(),
                first["resources"][0]["verbs"].size());
    }
  }
}

} // namespace troupe::http
