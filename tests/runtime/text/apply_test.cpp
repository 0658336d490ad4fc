#include "messages/fields.hpp"
#include "messages/kinds.hpp"
#include "runtime/text/apply.hpp"
#include "runtime/text/patch.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <random>

namespace troupe::text {
namespace {

document doc(std::string_view json) {
  auto result = parse_json(json);
  EXPECT_TRUE(result) << json;
  return result ? *result : document{};
}

const message_info* schema(std::string_view kind = "Pod",
                           std::string_view version = "v1") {
  return &message_info_of(find_kind(version, kind)->descriptor());
}

struct three {
  std::string_view original, modified, current, patch, result;
};

void check(const three& x, const message_info* table = schema()) {
  auto patch =
      three_way_patch(doc(x.original), doc(x.modified), doc(x.current), table);
  ASSERT_TRUE(patch) << message_of(patch.error());
  EXPECT_EQ(print_json(*patch), x.patch);
  auto result = strategic_merge_patch(doc(x.current), *patch, table);
  ASSERT_TRUE(result) << message_of(result.error());
  EXPECT_EQ(print_json(*result), x.result);
}

TEST(Apply, AddsChangesAndDeletesFields) {
  // Changed by us; deleted by us; added by us; set by others and kept.
  check({R"({"metadata":{"labels":{"a":"1","b":"1"}}})",
         R"({"metadata":{"labels":{"a":"2","c":"1"}}})",
         R"({"metadata":{"labels":{"a":"1","b":"1","d":"1"},"uid":"u"}})",
         R"({"metadata":{"labels":{"a":"2","b":null,"c":"1"}}})",
         R"({"metadata":{"labels":{"a":"2","c":"1","d":"1"},"uid":"u"}})"});
}

TEST(Apply, DoesNothingWhenNothingChanged) {
  check({R"({"spec":{"containers":[{"name":"a","image":"i"}]}})",
         R"({"spec":{"containers":[{"name":"a","image":"i"}]}})",
         R"({"spec":{"containers":[{"name":"a","image":"i","tty":false}],
             "nodeName":"n"},"status":{"phase":"Running"}})",
         "{}",
         R"({"spec":{"containers":[{"image":"i","name":"a","tty":false}],)"
         R"("nodeName":"n"},"status":{"phase":"Running"}})"});
}

TEST(Apply, UndoesWhatOthersChanged) {
  check({R"({"spec":{"nodeName":"a"}})", R"({"spec":{"nodeName":"a"}})",
         R"({"spec":{"nodeName":"b"}})", R"({"spec":{"nodeName":"a"}})",
         R"({"spec":{"nodeName":"a"}})"});
}

TEST(Apply, DeletesOnlyWhatIsStillThere) {
  check({R"({"spec":{"nodeName":"a","hostname":"h"}})", R"({"spec":{}})",
         R"({"spec":{"hostname":"h"}})", R"({"spec":{"hostname":null}})",
         R"({"spec":{}})"});
}

TEST(Apply, MergesEnvironmentsByName) {
  check({R"({"spec":{"containers":[{"name":"c","env":[
             {"name":"A","value":"1"},{"name":"B","value":"1"}]}]}})",
         R"({"spec":{"containers":[{"name":"c","env":[
             {"name":"A","value":"2"},{"name":"C","value":"1"}]}]}})",
         R"({"spec":{"containers":[{"name":"c","env":[
             {"name":"A","value":"1"},{"name":"B","value":"1"},
             {"name":"X","value":"1"}]}]}})",
         R"({"spec":{"$setElementOrder/containers":[{"name":"c"}],)"
         R"("containers":[{"$setElementOrder/env":[{"name":"A"},{"name":"C"}],)"
         R"("env":[{"name":"A","value":"2"},{"name":"C","value":"1"},)"
         R"({"$patch":"delete","name":"B"}],"name":"c"}]}})",
         R"({"spec":{"containers":[{"env":[{"name":"A","value":"2"},)"
         R"({"name":"C","value":"1"},{"name":"X","value":"1"}],)"
         R"("name":"c"}]}})"});
}

TEST(Apply, RemovesListItems) {
  check({R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})",
         R"({"spec":{"containers":[{"name":"b"}]}})",
         R"({"spec":{"containers":[{"name":"a"},{"name":"b"},
             {"name":"injected"}]}})",
         R"({"spec":{"$setElementOrder/containers":[{"name":"b"}],)"
         R"("containers":[{"$patch":"delete","name":"a"}]}})",
         R"({"spec":{"containers":[{"name":"b"},{"name":"injected"}]}})"});
}

TEST(Apply, ReordersListItems) {
  check({R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})",
         R"({"spec":{"containers":[{"name":"b"},{"name":"a"}]}})",
         R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})",
         R"({"spec":{"$setElementOrder/containers":[{"name":"b"},)"
         R"({"name":"a"}]}})",
         R"({"spec":{"containers":[{"name":"b"},{"name":"a"}]}})"});
}

TEST(Apply, TellsPortsApartByNumberAndProtocol) {
  auto* service = schema("Service");
  // The protocol that the server filled in is the one that was meant.
  check({R"({"spec":{"ports":[{"port":53}]}})",
         R"({"spec":{"ports":[{"port":53},{"port":53,"protocol":"UDP"}]}})",
         R"({"spec":{"ports":[{"port":53,"protocol":"TCP","nodePort":1}]}})",
         R"({"spec":{"$setElementOrder/ports":[{"port":53},)"
         R"({"port":53,"protocol":"UDP"}],)"
         R"("ports":[{"port":53,"protocol":"UDP"}]}})",
         R"({"spec":{"ports":[{"nodePort":1,"port":53,"protocol":"TCP"},)"
         R"({"port":53,"protocol":"UDP"}]}})"},
        service);
  check({R"({"spec":{"ports":[{"port":53},{"port":53,"protocol":"UDP"}]}})",
         R"({"spec":{"ports":[{"port":53,"protocol":"UDP"}]}})",
         R"({"spec":{"ports":[{"port":53,"protocol":"TCP"},
             {"port":53,"protocol":"UDP"}]}})",
         R"({"spec":{"$setElementOrder/ports":[)"
         R"({"port":53,"protocol":"UDP"}],"ports":[)"
         R"({"$patch":"delete","port":53,"protocol":"TCP"}]}})",
         R"({"spec":{"ports":[{"port":53,"protocol":"UDP"}]}})"},
        service);
  // Another protocol is another port.
  check({R"({"spec":{"ports":[{"port":53}]}})",
         R"({"spec":{"ports":[{"port":53,"protocol":"UDP"}]}})",
         R"({"spec":{"ports":[{"port":53,"protocol":"TCP"}]}})",
         R"({"spec":{"$setElementOrder/ports":[)"
         R"({"port":53,"protocol":"UDP"}],"ports":[)"
         R"({"port":53,"protocol":"UDP"},)"
         R"({"$patch":"delete","port":53,"protocol":"TCP"}]}})",
         R"({"spec":{"ports":[{"port":53,"protocol":"UDP"}]}})"},
        service);
}

TEST(Apply, ReplacesAtomicLists) {
  check({R"({"spec":{"containers":[{"name":"c","args":["a","b"]}]}})",
         R"({"spec":{"containers":[{"name":"c","args":["b"]}]}})",
         R"({"spec":{"containers":[{"name":"c","args":["a","b","z"]}]}})",
         R"({"spec":{"$setElementOrder/containers":[{"name":"c"}],)"
         R"("containers":[{"args":["b"],"name":"c"}]}})",
         R"({"spec":{"containers":[{"args":["b"],"name":"c"}]}})"});
}

TEST(Apply, MergesFinalizersAsASet) {
  check({R"({"metadata":{"finalizers":["a","b"]}})",
         R"({"metadata":{"finalizers":["b","c"]}})",
         R"({"metadata":{"finalizers":["a","b","x"]}})",
         R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a"],)"
         R"("$setElementOrder/finalizers":["b","c"],"finalizers":["c"]}})",
         R"({"metadata":{"finalizers":["b","c","x"]}})"});
}

TEST(Apply, RetainsOnlyTheChosenStrategy) {
  auto* deployment = schema("Deployment", "apps/v1");
  check({R"({"spec":{"strategy":{"type":"RollingUpdate"}}})",
         R"({"spec":{"strategy":{"type":"Recreate"}}})",
         R"({"spec":{"strategy":{"type":"RollingUpdate",
             "rollingUpdate":{"maxSurge":"25%"}}}})",
         R"({"spec":{"strategy":{"$retainKeys":["type"],)"
         R"("type":"Recreate"}}})",
         R"({"spec":{"strategy":{"type":"Recreate"}}})"},
        deployment);
  // Defaults of the server are no reason for a patch.
  check({R"({"spec":{"strategy":{"type":"RollingUpdate"}}})",
         R"({"spec":{"strategy":{"type":"RollingUpdate"}}})",
         R"({"spec":{"strategy":{"type":"RollingUpdate",
             "rollingUpdate":{"maxSurge":"25%"}}}})",
         "{}",
         R"({"spec":{"strategy":{"rollingUpdate":{"maxSurge":"25%"},)"
         R"("type":"RollingUpdate"}}})"},
        deployment);
}

TEST(Apply, ChangesTheKindOfAVolume) {
  check({R"({"spec":{"volumes":[{"name":"v","emptyDir":{}}]}})",
         R"({"spec":{"volumes":[{"name":"v","configMap":{"name":"c"}}]}})",
         R"({"spec":{"volumes":[{"name":"v","emptyDir":{}}]}})",
         R"({"spec":{"$setElementOrder/volumes":[{"name":"v"}],)"
         R"("volumes":[{"$retainKeys":["configMap","name"],)"
         R"("configMap":{"name":"c"},"name":"v"}]}})",
         R"({"spec":{"volumes":[{"configMap":{"name":"c"},"name":"v"}]}})"});
}

TEST(Apply, TakesNullForNotThere) {
  check({R"({"spec":{"nodeName":"a"}})",
         R"({"spec":{"nodeName":null,"hostname":null}})",
         R"({"spec":{"nodeName":"a"}})", R"({"spec":{"nodeName":null}})",
         R"({"spec":{}})"});
}

TEST(Apply, KeepsEverythingWithoutALastConfiguration) {
  check({"{}", R"({"spec":{"containers":[{"name":"a","image":"2"}]}})",
         R"({"spec":{"containers":[{"name":"a","image":"1"},{"name":"b"}],
             "nodeName":"n"}})",
         R"({"spec":{"$setElementOrder/containers":[{"name":"a"}],)"
         R"("containers":[{"image":"2","name":"a"}]}})",
         R"({"spec":{"containers":[{"image":"2","name":"a"},{"name":"b"}],)"
         R"("nodeName":"n"}})"});
}

TEST(Apply, IsAMergePatchWithoutATable) {
  check({R"({"spec":{"items":[{"name":"a"}],"x":1}})",
         R"({"spec":{"items":[{"name":"b"}]}})",
         R"({"spec":{"items":[{"name":"a"}],"x":1,"y":2}})",
         R"({"spec":{"items":[{"name":"b"}],"x":null}})",
         R"({"spec":{"items":[{"name":"b"}],"y":2}})"},
        nullptr);
}

TEST(Apply, RefusesItemsWithoutTheirKey) {
  auto result = three_way_patch(
      doc("{}"), doc(R"({"spec":{"containers":[{}]}})"),
      doc(R"({"spec":{"containers":[{"name":"a"}]}})"), schema());
  ASSERT_FALSE(result);
  EXPECT_EQ(message_of(result.error()),
            "spec.containers: every item needs \"name\"");
}

TEST(Apply, KeepsTheConfigurationInAnAnnotation) {
  auto config = doc(R"({"kind":"Pod","metadata":{"name":"a"}})");
  auto applied = with_last_applied(config);
  EXPECT_EQ(
      applied["metadata"]["annotations"][std::string{last_applied_annotation}],
      "{\"kind\":\"Pod\",\"metadata\":{\"annotations\":{},\"name\":\"a\"}}\n");
  config["metadata"]["annotations"] = document::object();
  EXPECT_EQ(*last_applied_of(applied), config);
  config["metadata"].erase("annotations");
  EXPECT_EQ(*last_applied_of(config), document::object());
  // The annotation never holds itself.
  EXPECT_EQ(with_last_applied(applied)["metadata"]["annotations"].size(), 1U);
  auto bad = doc(R"({"metadata":{"annotations":{
    "kubectl.kubernetes.io/last-applied-configuration":"{"}}})");
  EXPECT_FALSE(last_applied_of(bad));
}

TEST(Apply, IsDoneAfterTheFirstTime) {
  auto config = doc(R"({"kind":"Pod","apiVersion":"v1",
    "metadata":{"name":"a","creationTimestamp":null,"labels":{"x":"y"}},
    "spec":{"containers":[{"name":"c","image":"i","resources":{}}]},
    "status":{}})");
  auto live = doc(R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"a",
    "creationTimestamp":"2020-01-01T00:00:00Z"},"spec":{"containers":[
    {"name":"c","image":"h","resources":{}}]},"status":{"phase":"Running"}})");
  auto patch = apply_patch(config, live, schema());
  ASSERT_TRUE(patch);
  auto next = strategic_merge_patch(live, *patch, schema());
  ASSERT_TRUE(next);
  EXPECT_EQ((*next)["spec"]["containers"][0]["image"], "i");
  EXPECT_EQ((*next)["metadata"]["creationTimestamp"], "2020-01-01T00:00:00Z");
  EXPECT_EQ((*next)["status"]["phase"], "Running");
  auto again = apply_patch(config, *next, schema());
  ASSERT_TRUE(again);
  EXPECT_EQ(print_json(*again), "{}");
}

/// A pod spec of a few random fields, each from a small range, so that any two
/// have much in common.
document random_spec(std::mt19937& random, bool scattered) {
  auto pick = [&](unsigned n) { return static_cast<int>(random() % n); };
  document pod;
  auto text = [&] { return std::string(1, static_cast<char>('a' + pick(3))); };
  if (pick(2) == 0)
    pod["metadata"]["labels"][text()] = text();
  if (pick(2) == 0)
    pod["spec"]["nodeName"] = text();
  auto names = std::vector<std::string>{"a", "b", "c", "d"};
  if (scattered)
    std::shuffle(names.begin(), names.end(), random);
  auto some = [&](auto&& make) {
    auto list = document::array();
    for (auto& name : names)
      if (pick(2) == 0)
        list.push_back(make(name));
    return list;
  };
  pod["spec"]["containers"] = some([&](const std::string& name) {
    document c{{"name", name}, {"image", text()}};
    if (pick(2) == 0)
      c["args"] = {text(), text()};
    if (pick(2) == 0)
      c["env"] = some([&](const std::string& key) {
        return document{{"name", key}, {"value", text()}};
      });
    if (pick(2) == 0)
      c["ports"] = document::array(
          {document{{"containerPort", pick(2)}, {"name", text()}}});
    return c;
  });
  pod["spec"]["volumes"] = some([&](const std::string& name) {
    document v{{"name", name}};
    v[pick(2) == 0 ? "emptyDir" : "secret"] = document::object();
    return v;
  });
  if (pick(2) == 0)
    pod["metadata"]["finalizers"] = {text()};
  return pod;
}

/// Whether everything that `wanted` says holds in `got`.
bool holds(const document& wanted, const document& got) {
  if (wanted.is_object()) {
    for (auto& [key, value] : wanted.items())
      if (!got.is_object() || !got.contains(key) || !holds(value, got[key]))
        return false;
    return true;
  }
  if (!wanted.is_array() || wanted.empty() || !wanted[0].is_object())
    return wanted == got || (wanted.is_array() && got.is_array());
  size_t from = 0;
  for (auto& item : wanted) {
    while (from < got.size() && !holds(item, got[from]))
      ++from;
    if (from++ == got.size())
      return false;
  }
  return true;
}

TEST(Apply, MakesWhatWasAskedForOfAnything) {
  std::mt19937 random{5};
  for (int i = 0; i < 3000; ++i) {
    auto original = random_spec(random, i % 2 == 0);
    auto modified = random_spec(random, i % 2 == 0);
    auto current = random_spec(random, i % 2 == 0);
    auto patch = three_way_patch(original, modified, current, schema());
    ASSERT_TRUE(patch) << message_of(patch.error());
    auto result = strategic_merge_patch(current, *patch, schema());
    ASSERT_TRUE(result) << message_of(result.error()) << "\n"
                        << print_json(*patch) << "\n"
                        << print_json(current);
    EXPECT_TRUE(holds(modified, *result)) << print_json(original) << "\n"
                                          << print_json(modified) << "\n"
                                          << print_json(current) << "\n"
                                          << print_json(*patch) << "\n"
                                          << print_json(*result);
    // Once is enough.
    auto again = three_way_patch(modified, modified, *result, schema());
    ASSERT_TRUE(again);
    EXPECT_EQ(print_json(*again), "{}") << print_json(*result);
  }
}

} // namespace
} // namespace troupe::text
