#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/http/simulated_http.hpp"
#include "tests/support/simulated_cluster.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

namespace troupe::test {

namespace {

using nlohmann::json;
using namespace std::chrono_literals;

const http::peer admin{"kubernetes-admin", {"system:masters"}, {}};
const std::string maps = "/api/v1/namespaces/default/configmaps";

/// A client of the REST API of a simulated cluster.
class Http : public testing::Test {
protected:
  uint64_t ask(uint64_t connection, const std::string& method,
               const std::string& target, const std::string& body = {},
               const std::string& type = "application/json") {
    http::request what;
    what.method = method;
    what.target = target;
    what.body = body;
    what.headers = {{"Content-Type", type}, {"User-Agent", "test/1"}};
    return cluster_.http().ask(connection, what);
  }

  /// One request, and the code of its answer; what it brought is in `got_`.
  int do_it(uint64_t connection, const std::string& method,
            const std::string& target, const std::string& body = {},
            const std::string& type = "application/json") {
    auto x = ask(connection, method, target, body, type);
    auto told = [&] { return cluster_.http().told(connection, x).ended; };
    if (!cluster_.run_until(told))
      return 0;
    auto& heard = cluster_.http().told(connection, x);
    got_ = json::parse(heard.body, nullptr, false);
    return heard.head.status;
  }

  /// The events of a watch so far, as "ADDED a".
  std::vector<std::string> events(uint64_t connection, uint64_t x) {
    std::vector<std::string> out;
    std::istringstream in{cluster_.http().told(connection, x).body};
    for (std::string line; std::getline(in, line);) {
      auto event = json::parse(line);
      out.push_back(event["type"].get<std::string>() + " "
                    + event["object"]["metadata"].value("name", ""));
    }
    return out;
  }

  std::string metrics() {
    auto c = cluster_.http().connect(admin);
    auto x = ask(c, "GET", "/metrics");
    cluster_.run_until([&] { return cluster_.http().told(c, x).ended; });
    return cluster_.http().told(c, x).body;
  }

  /// The value of a metric without labels.
  double counted(const std::string& name) {
    auto page = "\n" + metrics();
    auto at = page.find("\n" + name + " ");
    return at == std::string::npos
               ? -1
               : std::stod(page.substr(at + name.size() + 2));
  }

  static std::string map_named(const std::string& name) {
    return R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":")"
           + name + R"("},"data":{"k":"v"}})";
  }

  simulated_cluster cluster_;
  json got_;
};

TEST_F(Http, CreatesChangesAndDeletes) {
  auto c = cluster_.http().connect(admin);
  EXPECT_EQ(do_it(c, "POST", maps, map_named("a")), 201);
  EXPECT_EQ(do_it(c, "POST", maps, map_named("a")), 409);
  EXPECT_EQ(got_["reason"], "AlreadyExists");
  EXPECT_EQ(do_it(c, "PATCH", maps + "/a", R"({"data":{"k":"w"}})",
                  "application/merge-patch+json"),
            200);
  EXPECT_EQ(got_["data"]["k"], "w");
  EXPECT_EQ(do_it(c, "GET", maps + "/a"), 200);
  got_["data"]["k"] = "x";
  auto changed = got_.dump();
  EXPECT_EQ(do_it(c, "PUT", maps + "/a", changed), 200);
  EXPECT_EQ(do_it(c, "PUT", maps + "/a", changed), 409);
  EXPECT_EQ(got_["reason"], "Conflict");
  EXPECT_EQ(do_it(c, "DELETE", maps + "/a"), 200);
  EXPECT_EQ(got_["status"], "Success");
  EXPECT_EQ(do_it(c, "GET", maps + "/a"), 404);
  EXPECT_EQ(got_["message"], "configmaps \"a\" not found");
}

TEST_F(Http, ListsInPages) {
  auto c = cluster_.http().connect(admin);
  for (auto* name : {"a", "b", "c"})
    ASSERT_EQ(do_it(c, "POST", maps, map_named(name)), 201);
  EXPECT_EQ(do_it(c, "GET", maps + "?limit=2"), 200);
  ASSERT_EQ(got_["items"].size(), 2u);
  auto next = got_["metadata"]["continue"].get<std::string>();
  EXPECT_EQ(do_it(c, "GET", maps + "?limit=20&continue=" + next), 200);
  EXPECT_FALSE(got_["metadata"].contains("continue"));
  EXPECT_EQ(do_it(c, "DELETE", maps + "?fieldSelector=metadata.name%3Db"), 200);
  EXPECT_EQ(do_it(c, "GET", maps + "/b"), 404);
  EXPECT_EQ(do_it(c, "GET", maps + "/a"), 200);
}

TEST_F(Http, RefusesAsKubernetesDoes) {
  auto c = cluster_.http().connect(admin);
  EXPECT_EQ(do_it(c, "GET", "/api/v1/nothings"), 404);
  EXPECT_EQ(do_it(c, "POST", maps, "{"), 400);
  EXPECT_EQ(do_it(c, "POST", maps, "x", "text/plain"), 415);
  EXPECT_EQ(do_it(c, "PATCH", maps + "/a", "{}", "text/plain"), 415);
  EXPECT_EQ(do_it(c, "POST", maps, map_named("Not_A_Name")), 422);
  EXPECT_EQ(do_it(c, "BREW", maps), 405);
  EXPECT_EQ(do_it(c, "GET", maps + "?limit=x"), 400);
  EXPECT_EQ(do_it(c, "POST", maps + "?dryRun=Some", map_named("a")), 422);
  EXPECT_EQ(got_["message"],
            "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported "
            "value: []string{\"Some\"}: supported values: \"All\"");
  EXPECT_EQ(do_it(c, "POST", maps + "?fieldValidation=Maybe", map_named("a")),
            422);
  EXPECT_EQ(do_it(c, "POST", maps + "?fieldManager=" + std::string(129, 'x'),
                  map_named("a")),
            422);
  EXPECT_EQ(do_it(c, "POST", maps + "?fieldManager=a%07", map_named("a")), 422);
  EXPECT_EQ(do_it(c, "GET", "/a/../b"), 404);
  auto nobody = cluster_.http().connect({});
  EXPECT_EQ(do_it(nobody, "GET", maps), 403);
  EXPECT_NE(
      got_["message"].get<std::string>().find("User \"system:anonymous\""),
      std::string::npos);
  EXPECT_EQ(do_it(nobody, "GET", "/metrics"), 403);
  EXPECT_EQ(do_it(nobody, "GET", "/version"), 200);
  EXPECT_EQ(do_it(nobody, "GET", "/readyz"), 200);
  auto forged = cluster_.http().connect({{}, {}, "signed by somebody else"});
  EXPECT_EQ(do_it(forged, "GET", maps), 401);
  EXPECT_EQ(got_["message"], "Unauthorized");
}

TEST_F(Http, WantsBodiesToSayWhatTheirPathSays) {
  auto c = cluster_.http().connect(admin);
  auto map = [](const std::string& meta) {
    return R"({"kind":"ConfigMap","apiVersion":"v1","metadata":)" + meta + "}";
  };
  EXPECT_EQ(do_it(c, "POST", maps, map(R"({"name":"a","namespace":"other"})")),
            400);
  EXPECT_EQ(do_it(c, "POST", maps, R"({"kind":"Pod","apiVersion":"v1"})"), 400);
  EXPECT_EQ(
      do_it(c, "POST", maps, R"({"kind":"ConfigMap","apiVersion":"apps/v1"})"),
      400);
  ASSERT_EQ(do_it(c, "POST", maps, map(R"({"name":"a"})")), 201);
  EXPECT_EQ(do_it(c, "PUT", maps + "/a", map(R"({"name":"b"})")), 400);
  EXPECT_EQ(do_it(c, "PUT", maps + "/a", map("{}")), 400);
  const std::string pods = "/api/v1/namespaces/default/pods";
  ASSERT_EQ(do_it(c, "POST", pods,
                  R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"},)"
                  R"("spec":{"schedulerName":"none",)"
                  R"("containers":[{"name":"c","image":"i"}]}})"),
            201);
  EXPECT_EQ(do_it(c, "POST", pods + "/p/binding",
                  R"({"kind":"Binding","apiVersion":"v1","metadata":)"
                  R"({"name":"q"},"target":{"name":"node-1"}})"),
            400);
  EXPECT_EQ(do_it(c, "POST", pods + "/p/eviction",
                  R"({"kind":"Eviction","apiVersion":"policy/v1","metadata":)"
                  R"({"name":"q"}})"),
            400);
  EXPECT_EQ(do_it(c, "GET", pods + "/p"), 200);
}

TEST_F(Http, RefusesOptionsOfDeletesAndLogsThatMeanNothing) {
  auto c = cluster_.http().connect(admin);
  ASSERT_EQ(do_it(c, "POST", maps, map_named("a")), 201);
  EXPECT_EQ(do_it(c, "DELETE", maps + "/a",
                  R"({"orphanDependents":true,"propagationPolicy":"Orphan"})"),
            422);
  EXPECT_EQ(do_it(c, "DELETE", maps + "/a?propagationPolicy=Sometimes"), 422);
  EXPECT_EQ(do_it(c, "GET", maps + "/a"), 200);
  const std::string log = "/api/v1/namespaces/default/pods/p/log";
  for (auto query : {"limitBytes=0", "sinceSeconds=0", "tailLines=-1",
                     "sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z"})
    EXPECT_EQ(do_it(c, "GET", log + "?" + query), 422) << query;
  EXPECT_EQ(do_it(c, "GET", log + "?tailLines=x"), 400);
}

TEST_F(Http, TriesWithoutDoing) {
  auto c = cluster_.http().connect(admin);
  EXPECT_EQ(do_it(c, "POST", maps + "?dryRun=All", map_named("a")), 201);
  EXPECT_EQ(do_it(c, "GET", maps + "/a"), 404);
  // As far as it would go, with addresses and ports, which are free again then.
  const std::string services = "/api/v1/namespaces/default/services";
  auto service = [](const std::string& name, const std::string& port) {
    return R"({"kind":"Service","apiVersion":"v1","metadata":{"name":")" + name
           + R"("},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":)"
           + port + "}]}}";
  };
  EXPECT_EQ(do_it(c, "POST", services + "?dryRun=All", service("s", "29999")),
            422);
  EXPECT_EQ(do_it(c, "POST", services + "?dryRun=All", service("s", "30001")),
            201);
  EXPECT_EQ(got_["spec"]["clusterIP"].get<std::string>().empty(), false);
  EXPECT_EQ(do_it(c, "POST", services, service("s", "30001")), 201);
  EXPECT_EQ(do_it(c, "POST", services + "?dryRun=All", service("t", "30001")),
            422);
}

TEST_F(Http, AppliesOnTheServer) {
  constexpr auto apply = "application/apply-patch+yaml";
  auto c = cluster_.http().connect(admin);
  auto config = [](const std::string& data) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: " + data
           + "\n";
  };
  auto one = maps + "/a?fieldManager=one";
  EXPECT_EQ(do_it(c, "PATCH", one, config("{k: v}"), apply), 201);
  auto revision = got_["metadata"]["resourceVersion"];
  EXPECT_EQ(do_it(c, "PATCH", one, config("{k: v}"), apply), 200);
  EXPECT_EQ(got_["metadata"]["resourceVersion"], revision);
  auto two = maps + "/a?fieldManager=two";
  EXPECT_EQ(do_it(c, "PATCH", two, config("{k: w}"), apply), 409);
  EXPECT_EQ(got_["details"]["causes"][0]["reason"], "FieldManagerConflict");
  EXPECT_EQ(got_["details"]["causes"][0]["field"], ".data.k");
  EXPECT_EQ(do_it(c, "PATCH", two + "&force=true", config("{k: w}"), apply),
            200);
  EXPECT_EQ(got_["metadata"]["managedFields"].size(), 1u);
  EXPECT_EQ(got_["metadata"]["managedFields"][0]["manager"], "two");
  EXPECT_EQ(do_it(c, "PATCH", maps + "/a", config("{}"), apply), 422);
  EXPECT_EQ(got_["message"],
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required "
            "value: is required for apply patch");
  EXPECT_EQ(do_it(c, "PATCH", maps + "/a?force=true", "{}",
                  "application/merge-patch+json"),
            422);
  EXPECT_EQ(got_["message"],
            "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may "
            "not be specified for non-apply patch");
  EXPECT_EQ(do_it(c, "PATCH", two, "{", apply), 400);
  EXPECT_EQ(do_it(c, "PATCH", two, "{}", "application/apply-patch+cbor"), 415);
  EXPECT_EQ(do_it(c, "PATCH", two, config("[]"), apply), 500);
  EXPECT_FALSE(got_.contains("reason"));
  EXPECT_EQ(got_["message"],
            "failed to create typed patch object (/a; /v1, Kind=ConfigMap): "
            ".data: expected map, got &{[]}");
}

TEST_F(Http, NotesWhoWroteWhat) {
  auto c = cluster_.http().connect(admin);
  ASSERT_EQ(do_it(c, "POST", maps, map_named("a")), 201);
  auto entry = got_["metadata"]["managedFields"][0];
  EXPECT_EQ(entry["manager"], "test");
  EXPECT_EQ(entry["operation"], "Update");
  EXPECT_EQ(entry["fieldsV1"], json::parse(R"({"f:data":{".":{},"f:k":{}}})"));
  auto changed = got_;
  changed["metadata"]["managedFields"] = json::array();
  EXPECT_EQ(do_it(c, "PUT", maps + "/a", changed.dump()), 200);
  EXPECT_FALSE(got_["metadata"].contains("managedFields"));
}

TEST_F(Http, AppliesServicesAndScales) {
  constexpr auto apply = "application/apply-patch+yaml";
  auto c = cluster_.http().connect(admin);
  auto services = std::string{"/api/v1/namespaces/default/services"};
  auto service = R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},
      "spec":{"selector":{"a":"b"},"ports":[{"port":80}]}})";
  auto at = services + "/s?fieldManager=m";
  ASSERT_EQ(do_it(c, "PATCH", at, service, apply), 201);
  auto address = got_["spec"]["clusterIP"];
  EXPECT_EQ(got_["spec"]["ports"][0]["protocol"], "TCP");
  ASSERT_EQ(do_it(c, "PATCH", at, service, apply), 200);
  EXPECT_EQ(got_["spec"]["clusterIP"], address);
  auto deployments =
      std::string{"/apis/apps/v1/namespaces/default/deployments"};
  ASSERT_EQ(do_it(c, "PATCH", deployments + "/d?fieldManager=m",
                  R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{
      "name":"d"},"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},
      "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{
      "name":"c","image":"i"}]}}}})",
                  apply),
            201);
  auto scale = R"({"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{
      "name":"d"},"spec":{"replicas":1}})";
  auto scaled = deployments + "/d/scale?fieldManager=n";
  EXPECT_EQ(do_it(c, "PATCH", scaled, scale, apply), 409);
  EXPECT_EQ(do_it(c, "PATCH", scaled + "&force=true", scale, apply), 200);
  EXPECT_EQ(got_["kind"], "Scale");
  EXPECT_EQ(got_["spec"]["replicas"], 1);
  EXPECT_EQ(
      do_it(c, "PATCH", deployments + "/e/scale?fieldManager=n", scale, apply),
      404);
}

TEST_F(Http, AppliesToNothingOnlyForWhoMayCreate) {
  auto c = cluster_.http().connect(admin);
  auto rbac = std::string{"/apis/rbac.authorization.k8s.io/v1/namespaces/"
                          "default/"};
  ASSERT_EQ(do_it(c, "POST", rbac + "roles",
                  R"({"metadata":{"name":"r"},"rules":[{"apiGroups":[""],
      "resources":["configmaps"],"verbs":["get","patch"]}]})"),
            201);
  ASSERT_EQ(do_it(c, "POST", rbac + "rolebindings",
                  R"({"metadata":{"name":"r"},"roleRef":{"kind":"Role",
      "apiGroup":"rbac.authorization.k8s.io","name":"r"},"subjects":[{
      "kind":"User","name":"u","apiGroup":"rbac.authorization.k8s.io"}]})"),
            201);
  ASSERT_EQ(do_it(c, "POST", maps, map_named("b")), 201);
  auto u = cluster_.http().connect({"u", {}, {}});
  auto apply_to = [&](const std::string& name) {
    return do_it(u, "PATCH", maps + "/" + name + "?fieldManager=m",
                 R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")"
                     + name + R"("},"data":{"l":"1"}})",
                 "application/apply-patch+yaml");
  };
  EXPECT_EQ(apply_to("b"), 200);
  EXPECT_EQ(apply_to("a"), 403);
  EXPECT_NE(got_["message"].get<std::string>().find("cannot create resource"),
            std::string::npos)
      << got_["message"];
}

TEST_F(Http, WatchesFromTheBeginningAndInOrder) {
  auto c = cluster_.http().connect(admin);
  ASSERT_EQ(do_it(c, "POST", maps, map_named("a")), 201);
  auto w = cluster_.http().connect(admin);
  auto x = ask(w, "GET",
               maps
                   + "?watch=1&sendInitialEvents=true&allowWatchBookmarks=1"
                     "&resourceVersionMatch=NotOlderThan"
                     "&fieldSelector=metadata.name%21%3Dkube-root-ca.crt");
  ASSERT_TRUE(cluster_.run_until([&] { return events(w, x).size() == 2; }));
  EXPECT_EQ(events(w, x), (std::vector<std::string>{"ADDED a", "BOOKMARK "}));
  ASSERT_EQ(do_it(c, "PATCH", maps + "/a", R"({"data":{"k":"w"}})",
                  "application/merge-patch+json"),
            200);
  ASSERT_EQ(do_it(c, "DELETE", maps + "/a"), 200);
  ASSERT_TRUE(cluster_.run_until([&] { return events(w, x).size() == 4; }));
  EXPECT_EQ(events(w, x)[2], "MODIFIED a");
  EXPECT_EQ(events(w, x)[3], "DELETED a");
}

TEST_F(Http, EncodesAnEventOnceForAllWhoWatch) {
  constexpr int watchers = 50;
  std::vector<std::pair<uint64_t, uint64_t>> all;
  for (int i = 0; i < watchers; ++i) {
    auto c = cluster_.http().connect(admin);
    all.emplace_back(c, ask(c, "GET", maps + "?watch=true&resourceVersion=0"));
  }
  auto told = [&](const std::string& last) {
    return std::all_of(all.begin(), all.end(), [&](auto& each) {
      auto so_far = events(each.first, each.second);
      return !so_far.empty() && so_far.back() == last;
    });
  };
  auto c = cluster_.http().connect(admin);
  ASSERT_EQ(do_it(c, "POST", maps, map_named("first")), 201);
  ASSERT_TRUE(cluster_.run_until([&] { return told("ADDED first"); }));
  auto made = counted("troupe_watch_events_encoded_total");
  auto shared = counted("troupe_watch_events_shared_total");
  ASSERT_EQ(do_it(c, "POST", maps, map_named("a")), 201);
  ASSERT_EQ(do_it(c, "DELETE", maps + "/a"), 200);
  ASSERT_TRUE(cluster_.run_until([&] { return told("DELETED a"); }));
  EXPECT_EQ(counted("troupe_watch_events_encoded_total") - made, 2);
  EXPECT_EQ(counted("troupe_watch_events_shared_total") - shared,
            2 * watchers - 2);
}

TEST_F(Http, EncodesNoMoreForWhoReadsNothing) {
  auto w = cluster_.http().connect(admin);
  auto x = ask(w, "GET", maps + "?watch=true");
  ASSERT_TRUE(
      cluster_.run_until([&] { return cluster_.http().told(w, x).begun; }));
  cluster_.http().read_slowly(w, true);
  auto c = cluster_.http().connect(admin);
  constexpr size_t each = 100'000;
  constexpr size_t most = 256 << 10;
  for (auto* name : {"a", "b", "c", "d", "e", "f", "g", "h"})
    ASSERT_EQ(do_it(c, "POST", maps,
                    R"({"metadata":{"name":")" + std::string{name}
                        + R"("},"data":{"k":")" + std::string(each, 'x')
                        + R"("}})"),
              201);
  EXPECT_LT(cluster_.http().told(w, x).body.size(), most + 2 * each);
  cluster_.http().read_slowly(w, false);
  EXPECT_TRUE(cluster_.run_until([&] {
    auto all = events(w, x);
    return !all.empty() && all.back() == "ADDED h";
  }));
  auto all = events(w, x);
  EXPECT_TRUE(std::is_sorted(all.end() - 8, all.end()));
  EXPECT_EQ(all.at(all.size() - 8), "ADDED a");
}

TEST_F(Http, CountsNobodyWhoHasLeft) {
  auto holds = [&](const std::string& line) {
    return metrics().find(line + "\n") != std::string::npos;
  };
  auto c = cluster_.http().connect(admin);
  auto x = ask(c, "GET", maps + "?watch=true");
  ASSERT_TRUE(
      cluster_.run_until([&] { return cluster_.http().told(c, x).begun; }));
  auto watched = R"(apiserver_registered_watchers{group="",kind="ConfigMap",)"
                 R"(version="v1"} )";
  EXPECT_TRUE(holds(watched + std::string{"1"}));
  // These are on their way when their client leaves.
  ask(c, "POST", maps, map_named("a"));
  ask(c, "GET", maps);
  cluster_.http().hang_up(c);
  EXPECT_TRUE(cluster_.run_until([&] {
    // The page itself is being read.
    return holds(R"(apiserver_current_inflight_requests{)"
                 R"(request_kind="readOnly"} 1)")
           && holds(R"(apiserver_current_inflight_requests{)"
                    R"(request_kind="mutating"} 0)");
  }));
  EXPECT_TRUE(holds(watched + std::string{"0"}));
}

TEST_F(Http, EndsAWatchWhenItsTimeIsUp) {
  auto w = cluster_.http().connect(admin);
  auto x = ask(w, "GET", maps + "?watch=1&timeoutSeconds=5");
  auto over = [&] { return cluster_.http().told(w, x).ended; };
  EXPECT_FALSE(cluster_.run_until(over, 4s));
  EXPECT_TRUE(cluster_.run_until(over, 2s));
  EXPECT_FALSE(cluster_.http().told(w, x).broken);
}

TEST_F(Http, HoldsBackWhatASlowClientHasNotTaken) {
  auto w = cluster_.http().connect(admin);
  auto x = ask(w, "GET", maps + "?watch=1");
  ASSERT_TRUE(
      cluster_.run_until([&] { return cluster_.http().told(w, x).begun; }));
  cluster_.http().read_slowly(w, true);
  auto c = cluster_.http().connect(admin);
  constexpr int count = 60;
  for (int i = 0; i < count; ++i)
    ASSERT_EQ(do_it(c, "POST", maps, map_named("m" + std::to_string(i))), 201);
  EXPECT_LT(events(w, x).size(), 30u);
  cluster_.http().read_slowly(w, false);
  EXPECT_TRUE(cluster_.run_until([&] {
    return events(w, x).size() > count; // and the map of every namespace
  }));
}

TEST_F(Http, ServesOnAfterTheDeathOfAnyPart) {
  auto c = cluster_.http().connect(admin);
  ASSERT_EQ(do_it(c, "POST", maps, map_named("a")), 201);
  auto strays = cluster_.strays();
  for (auto* part :
       {"apiserver/front_door", "apiserver/view/configmaps",
        "apiserver/registry/configmaps", "apiserver", "store/replica"}) {
    cluster_.kill(part);
    EXPECT_TRUE(cluster_.run_until([&] {
      return do_it(c, "GET", maps + "/a") == 200;
    })) << part;
  }
  // Connections end with the listener; clients open others.
  cluster_.kill("http");
  cluster_.run();
  EXPECT_TRUE(cluster_.http().is_closed(c));
  c = cluster_.http().connect(admin);
  EXPECT_EQ(do_it(c, "GET", maps + "/a"), 200);
  EXPECT_EQ(cluster_.strays(), strays);
}

TEST_F(Http, EndsAWatchWithItsSession) {
  auto w = cluster_.http().connect(admin);
  auto x = ask(w, "GET", maps + "?watch=1");
  ASSERT_TRUE(
      cluster_.run_until([&] { return cluster_.http().told(w, x).begun; }));
  cluster_.kill("apiserver/front_door");
  EXPECT_TRUE(
      cluster_.run_until([&] { return cluster_.http().told(w, x).ended; }));
}

} // namespace

} // namespace troupe::test
