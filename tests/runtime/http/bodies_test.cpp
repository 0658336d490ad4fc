#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/flowcontrol.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/call.pb.h"
#include "messages/fields.hpp"
#include "runtime/http/answer_body.hpp"
#include "runtime/http/discovery.hpp"
#include "runtime/http/openapi.hpp"
#include "runtime/http/protobuf_envelope.hpp"
#include "runtime/http/request_body.hpp"
#include "runtime/http/target.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace troupe::http {

namespace {

using core::v1::ConfigMap;
using core::v1::Pod;
using nlohmann::json;

object config_map() {
  ConfigMap x;
  x.mutable_metadata()->set_name("a");
  x.mutable_metadata()->set_namespace_("n");
  x.mutable_metadata()->set_resource_version("7");
  (*x.mutable_data())["k"] = "v";
  return object::of(x);
}

body_form as(encoding bytes, shape how = shape::object) {
  return {{bytes, how, how == shape::object ? "" : "v1", false}, {}, {}};
}

TEST(RequestBody, OfYamlMaySayAKeyTwice) {
  constexpr auto text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
                        "data:\n  k: one\n  k: two\n";
  auto& kind = kind_of<ConfigMap>();
  for (auto check : {field_check::ignore, field_check::warn}) {
    std::vector<std::string> warnings;
    auto read = read_object(text, encoding::yaml, kind, check, warnings);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->as<ConfigMap>().data().at("k"), "two") << "the last counts";
    EXPECT_EQ(warnings.empty(), check == field_check::ignore);
  }
  std::vector<std::string> none;
  auto refused =
      read_object(text, encoding::yaml, kind, field_check::strict, none);
  ASSERT_FALSE(refused);
  EXPECT_NE(message_of(refused.error()).find("strict decoding error"),
            std::string::npos);
  call::Request applied;
  EXPECT_FALSE(read_patch(text, "application/apply-patch+yaml", applied));
  EXPECT_NE(applied.patch().find("one"), std::string::npos);
}

TEST(PatchBody, MayBeYamlThatLooksLikeJson) {
  for (std::string body :
       {"{kind: ConfigMap, data: {k: v}}",
        R"({"kind": "ConfigMap", "data": {"k": "\x76"}})",
        "{\"kind\": \"ConfigMap\", \"data\": {\"k\": \"v\"}}"}) {
    call::Request applied;
    EXPECT_FALSE(read_patch(body, "application/apply-patch+yaml", applied))
        << body;
    auto read = nlohmann::json::parse(applied.patch(), nullptr, false);
    EXPECT_EQ(read["data"]["k"], "v") << body;
  }
}

TEST(AnswerBody, IsReadAgainByWhatReadsBodies) {
  auto x = config_map();
  for (auto bytes : {encoding::json, encoding::yaml, encoding::protobuf}) {
    std::vector<std::string> warnings;
    auto read = read_object(encode_object(x, as(bytes)), bytes, x.kind(),
                            field_check::strict, warnings);
    ASSERT_TRUE(read) << message_of(read.error());
    EXPECT_TRUE(read->same_content(x));
    EXPECT_EQ(read->revision(), 7u);
  }
}

TEST(AnswerBody, HasListsAsKubernetesHasThem) {
  std::vector<object> items{config_map()};
  list_meta meta{9, "next", 3};
  auto list = json::parse(
      encode_list(items[0].kind(), items, meta, as(encoding::json)));
  EXPECT_EQ(list["kind"], "ConfigMapList");
  EXPECT_EQ(list["metadata"]["resourceVersion"], "9");
  EXPECT_EQ(list["metadata"]["continue"], "next");
  EXPECT_EQ(list["metadata"]["remainingItemCount"], 3);
  EXPECT_EQ(list["items"][0]["data"]["k"], "v");
  auto inside =
      unwrap(encode_list(items[0].kind(), items, meta, as(encoding::protobuf)));
  ASSERT_TRUE(inside);
  EXPECT_EQ(inside->kind, "ConfigMapList");
  core::v1::ConfigMapList typed;
  ASSERT_TRUE(typed.ParseFromString(inside->raw));
  EXPECT_EQ(typed.items(0).metadata().resource_version(), "7");
  EXPECT_EQ(typed.metadata().remaining_item_count(), 3);
}

TEST(AnswerBody, ShowsTables) {
  std::vector<object> items{config_map()};
  auto table = json::parse(encode_list(items[0].kind(), items, {9, {}, 0},
                                       as(encoding::json, shape::table)));
  EXPECT_EQ(table["kind"], "Table");
  EXPECT_EQ(table["columnDefinitions"][0]["name"], "Name");
  EXPECT_EQ(table["rows"][0]["cells"][0], "a");
  EXPECT_EQ(table["columnDefinitions"][1]["type"], "string");
  EXPECT_EQ(table["rows"][0]["cells"][1], 1) << "a number, whatever the column";
  EXPECT_EQ(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
  EXPECT_EQ(table["rows"][0]["object"]["metadata"]["name"], "a");
}

TEST(AnswerBody, ShowsFlowSchemasInTheOrderOfMatching) {
  std::vector<object> items;
  for (auto [name, precedence] : {std::pair{"b", 20}, {"c", 10}, {"a", 20}}) {
    flowcontrol::v1::FlowSchema schema;
    schema.mutable_metadata()->set_name(name);
    schema.mutable_spec()->set_matching_precedence(precedence);
    items.push_back(object::of(schema));
  }
  auto table = json::parse(encode_list(items[0].kind(), items, {9, {}, 0},
                                       as(encoding::json, shape::table)));
  for (auto [row, name] : {std::pair{0, "c"}, {1, "a"}, {2, "b"}})
    EXPECT_EQ(table["rows"][row]["cells"][0], name);
  EXPECT_EQ(table["rows"][0]["cells"][2], 10);
}

TEST(AnswerBody, FramesEvents) {
  auto line = encode_event("ADDED", config_map(), as(encoding::json), true);
  EXPECT_EQ(line.back(), '\n');
  EXPECT_EQ(json::parse(line)["object"]["metadata"]["name"], "a");
  auto frame =
      encode_event("ADDED", config_map(), as(encoding::protobuf), true);
  ASSERT_GT(frame.size(), 4u);
  EXPECT_EQ(static_cast<unsigned char>(frame[2]) * 256u
                + static_cast<unsigned char>(frame[3]),
            frame.size() - 4);
  meta::v1::WatchEvent event;
  ASSERT_TRUE(event.ParseFromString(frame.substr(4)));
  EXPECT_EQ(event.type(), "ADDED");
  EXPECT_EQ(unwrap(event.object().raw())->kind, "ConfigMap");
  auto mark =
      json::parse(encode_bookmark(kind_of<Pod>(), 5, true, as(encoding::json)));
  EXPECT_EQ(mark["type"], "BOOKMARK");
  EXPECT_EQ(mark["object"]["metadata"]["resourceVersion"], "5");
  EXPECT_EQ(
      mark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"],
      "true");
}

TEST(AnswerBody, IndentsWithoutTouchingTheRest) {
  EXPECT_EQ(indent_json(R"({"a":[1,{"b":"x{\",:]"}],"c":{},"d":[]})"),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x{\\\",:]\"\n    }\n"
            "  ],\n  \"c\": {},\n  \"d\": []\n}");
}

TEST(RequestBody, ChecksFieldsAsAsked) {
  auto& kind = kind_of<ConfigMap>();
  std::string_view body =
      R"({"kind":"ConfigMap","apiVersion":"v1","datum":{"a":"b"}})";
  std::vector<std::string> warnings;
  EXPECT_TRUE(
      read_object(body, encoding::json, kind, field_check::ignore, warnings));
  EXPECT_TRUE(warnings.empty());
  EXPECT_TRUE(
      read_object(body, encoding::json, kind, field_check::warn, warnings));
  EXPECT_EQ(warnings, std::vector<std::string>{"unknown field \"datum\""});
  auto strict =
      read_object(body, encoding::json, kind, field_check::strict, warnings);
  ASSERT_FALSE(strict);
  EXPECT_TRUE(is(strict.error(), ec::bad_request));
  EXPECT_NE(message_of(strict.error())
                .find("strict decoding error: unknown field \"datum\""),
            std::string::npos);
}

TEST(RequestBody, TakesABodyForWhatItsPathSays) {
  std::vector<std::string> warnings;
  auto& kind = kind_of<ConfigMap>();
  auto bare = read_object(R"({"metadata":{"name":"a"}})", encoding::json, kind,
                          field_check::strict, warnings);
  ASSERT_TRUE(bare);
  EXPECT_EQ(&bare->kind(), &kind);
  EXPECT_FALSE(read_object(R"({"kind":"Pod","apiVersion":"v1"})",
                           encoding::json, kind, field_check::warn, warnings));
  for (auto* bad : {"", "{", "k8s", "[]", "\xff"})
    for (auto bytes : {encoding::json, encoding::protobuf})
      EXPECT_FALSE(read_object(bad, bytes, kind, field_check::warn, warnings))
          << bad;
}

TEST(RequestBody, OfAWriteHasARevisionOrNone) {
  std::vector<std::string> warnings;
  auto& kind = kind_of<ConfigMap>();
  for (auto* bad : {"zz", "-1", "1x", " "}) {
    auto read = read_object(R"({"metadata":{"name":"a","resourceVersion":")"
                                + std::string{bad} + "\"}}",
                            encoding::json, kind, field_check::warn, warnings);
    ASSERT_FALSE(read) << bad;
    EXPECT_TRUE(is(read.error(), ec::invalid)) << bad;
  }
}

TEST(RequestBody, ToDeleteIsOfNoOtherKind) {
  call::Request out;
  auto to = parse_target("/x");
  EXPECT_TRUE(read_delete_options(R"({"kind":"Pod","apiVersion":"v1"})",
                                  encoding::json, *to, out));
  EXPECT_FALSE(read_delete_options(R"({"kind":"DeleteOptions",)"
                                   R"("apiVersion":"meta.k8s.io/v1"})",
                                   encoding::json, *to, out));
}

TEST(RequestBody, ReadsHowToDelete) {
  call::Request out;
  auto to = parse_target("/x?gracePeriodSeconds=3&propagationPolicy=Orphan");
  ASSERT_FALSE(read_delete_options({}, encoding::json, *to, out));
  EXPECT_EQ(out.grace_period_seconds(), 3);
  EXPECT_EQ(out.propagation_policy(), "Orphan");
  out.Clear();
  ASSERT_FALSE(read_delete_options(
      R"({"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,)"
      R"("orphanDependents":false,"preconditions":{"uid":"u"},)"
      R"("dryRun":["All"]})",
      encoding::json, *to, out));
  EXPECT_TRUE(out.has_grace_period_seconds());
  EXPECT_EQ(out.grace_period_seconds(), 0);
  EXPECT_EQ(out.propagation_policy(), "Background");
  EXPECT_EQ(out.precondition_uid(), "u");
  EXPECT_TRUE(out.dry_run());
}

TEST(Discovery, IsTheTableOfKinds) {
  auto list = resource_list("", "v1");
  std::set<std::string> names;
  for (auto& r : list.resources())
    names.insert(r.name());
  for (auto* name : {"pods", "pods/log", "pods/eviction", "pods/status",
                     "namespaces/finalize", "configmaps"})
    EXPECT_TRUE(names.count(name)) << name;
  EXPECT_EQ(versions_of("autoscaling").front(), "v2");
  auto group = api_group("apps");
  EXPECT_EQ(group.preferred_version().group_version(), "apps/v1");
  auto all = json::parse(aggregated_discovery(false, "v2").bytes);
  EXPECT_EQ(all["kind"], "APIGroupDiscoveryList");
  EXPECT_EQ(all["items"].size(), named_groups().size());
}

TEST(OpenApi, RefersOnlyToWhatItHolds) {
  auto document = json::parse(openapi_v2_json().bytes);
  std::string text = openapi_v2_json().bytes;
  constexpr std::string_view mark = "\"$ref\":\"#/definitions/";
  size_t references = 0;
  for (auto at = text.find(mark); at != std::string::npos;
       at = text.find(mark, at + 1)) {
    auto begin = at + mark.size();
    auto name = text.substr(begin, text.find('"', begin) - begin);
    ASSERT_TRUE(document["definitions"].contains(name)) << name;
    ++references;
  }
  EXPECT_GT(references, 1000u);
  auto& pod = document["definitions"]["io.k8s.api.core.v1.PodSpec"];
  EXPECT_EQ(pod["required"], json::array({"containers"}));
  EXPECT_EQ(pod["properties"]["containers"]["x-kubernetes-patch-merge-key"],
            "name");
  auto index = json::parse(openapi_v3_index().bytes);
  EXPECT_TRUE(index["paths"].contains("apis/apps/v1"));
  ASSERT_NE(openapi_v3_document("api/v1"), nullptr);
  EXPECT_EQ(openapi_v3_document("api/v7"), nullptr);
}

} // namespace

} // namespace troupe::http
