#include "runtime/http/api_route.hpp"

#include <gtest/gtest.h>

namespace troupe::http {

namespace {

struct found {
  std::string text;
  std::string verb;
};

/// Where a request goes, in words.
found go(std::string_view method, std::string_view text) {
  auto to = parse_target(text);
  if (!to)
    return {message_of(to.error()), {}};
  auto at = find_route(*to);
  if (at.where != place::resource)
    return {"place " + std::to_string(static_cast<int>(at.where)), {}};
  std::string out{at.kind->kind};
  out += " " + at.api_version();
  if (!at.ns.empty())
    out += " ns=" + at.ns;
  if (!at.name.empty())
    out += " name=" + at.name;
  if (!at.subresource.empty())
    out += " sub=" + at.subresource;
  if (!at.rest.empty())
    out += " rest=" + at.rest;
  return {out, std::string{verb_of(method, at, *to)}};
}

struct row {
  const char* method;
  const char* target;
  const char* text;
  const char* verb;
};

// Kubernetes serves neither: whoever forgets a namespace deletes nothing.
TEST(ApiRoute, HasNoVerbForWhatNoPathIsServedWith) {
  for (auto& [method, target] : {
           std::pair{"DELETE", "/api/v1/pods"},
           {"DELETE", "/apis/apps/v1/deployments"},
           {"POST", "/api/v1/configmaps"},
           {"POST", "/api/v1/namespaces/a/configmaps/b"},
           {"PUT", "/api/v1/namespaces/a/configmaps"},
           {"PATCH", "/api/v1/namespaces/a/configmaps"},
       })
    EXPECT_EQ(go(method, target).verb, "") << method << " " << target;
  EXPECT_EQ(go("DELETE", "/api/v1/namespaces/a/pods").verb, "deletecollection");
  EXPECT_EQ(go("DELETE", "/api/v1/nodes").verb, "deletecollection");
  EXPECT_EQ(go("POST", "/api/v1/namespaces/a/pods/b/binding").verb, "create");
  EXPECT_EQ(go("POST", "/api/v1/namespaces").verb, "create");
  EXPECT_EQ(
      go("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews").verb,
      "create");
  EXPECT_EQ(go("GET", "/api/v1/namespaces/a/pods/b?watch=1").verb, "get");
  EXPECT_EQ(go("GET", "/api/v1/watch/pods/b").verb, "");
  EXPECT_EQ(go("GET", "/api/v1/watch/nodes/b").verb, "watch");
  EXPECT_EQ(go("GET", "/api/v1/pods?watch=1").verb, "watch");
}

TEST(ApiRoute, FindsResources) {
  for (auto& r : {
           row{"GET", "/api/v1/pods", "Pod v1", "list"},
           row{"GET", "/api/v1/pods?watch=true", "Pod v1", "watch"},
           row{"GET", "/api/v1/pods?watch=0", "Pod v1", "list"},
           row{"GET", "/api/v1/watch/pods", "Pod v1", "watch"},
           row{"GET", "/api/v1/watch/namespaces/a/pods/b", "Pod v1 ns=a name=b",
               "watch"},
           row{"POST", "/api/v1/namespaces/a/pods", "Pod v1 ns=a", "create"},
           row{"GET", "/api/v1/namespaces/a/pods/b", "Pod v1 ns=a name=b",
               "get"},
           row{"HEAD", "/api/v1/namespaces/a/pods/b", "Pod v1 ns=a name=b", ""},
           row{"PUT", "/api/v1/namespaces/a/pods/b/status",
               "Pod v1 ns=a name=b sub=status", "update"},
           row{"PATCH", "/apis/apps/v1/namespaces/a/deployments/b",
               "Deployment apps/v1 ns=a name=b", "patch"},
           row{"DELETE", "/apis/apps/v1/namespaces/a/deployments",
               "Deployment apps/v1 ns=a", "deletecollection"},
           row{"DELETE", "/apis/apps/v1/namespaces/a/deployments/b",
               "Deployment apps/v1 ns=a name=b", "delete"},
           row{"GET", "/api/v1/namespaces/a", "Namespace v1 name=a", "get"},
           row{"PUT", "/api/v1/namespaces/a/finalize",
               "Namespace v1 name=a sub=finalize", "update"},
           row{"GET", "/api/v1/namespaces/a/status",
               "Namespace v1 name=a sub=status", "get"},
           row{"GET", "/api/v1/namespaces/a/services/b/proxy/x/y",
               "Service v1 ns=a name=b sub=proxy rest=/x/y", "get"},
           row{"GET", "/apis/autoscaling/v1/horizontalpodautoscalers",
               "HorizontalPodAutoscaler autoscaling/v1", "list"},
           row{"GET", "/api/v1/pods//", "Pod v1", "list"},
           row{"GET", "/api/v1/namespaces//pods", "Pod v1", "list"},
           row{"GET", "/api/v1/namespaces/a/services/b/proxy//x",
               "Service v1 ns=a name=b sub=proxy rest=/x", "get"},
           row{"GET", "/api/v1/namespaces/a%20b/pods", "Pod v1 ns=a b", "list"},
           row{"BREW", "/api/v1/pods", "Pod v1", ""},
       }) {
    auto got = go(r.method, r.target);
    EXPECT_EQ(got.text, r.text) << r.target;
    EXPECT_EQ(got.verb, r.verb) << r.target;
  }
}

TEST(ApiRoute, FindsPages) {
  auto at = [](std::string_view text) {
    return find_route(*parse_target(text));
  };
  EXPECT_EQ(at("/").where, place::index);
  EXPECT_EQ(at("/api").where, place::core_versions);
  EXPECT_EQ(at("/apis").where, place::groups);
  EXPECT_EQ(at("/apis/apps").where, place::group);
  EXPECT_EQ(at("/apis/apps/v1").where, place::version);
  EXPECT_EQ(at("/api/v1").where, place::version);
  EXPECT_EQ(at("/version").where, place::server_version);
  EXPECT_EQ(at("/openapi/v2").where, place::openapi_v2);
  EXPECT_EQ(at("/openapi/v3/apis/apps/v1").check, "apis/apps/v1");
  EXPECT_EQ(at("/readyz/etcd").check, "etcd");
  for (auto* text : {"/apis/apps/v2",
                     "/apis/nothing",
                     "/api/v2",
                     "/api/v1/no",
                     "/apps",
                     "/version/x",
                     "/healthz/ping/",
                     "/metrics/",
                     "//",
                     "//api/v1",
                     "/api//v1",
                     "//version",
                     "/healthz//etcd",
                     "/apis//apps/v1",
                     "/api/v1//namespaces/default/pods",
                     "/api/v1/namespaces/default//pods",
                     "/api/v1/namespaces/a/configmaps//x",
                     "/api/v1/namespaces/a//services/b/proxy/x",
                     "/apis//v1/pods",
                     "/api/v1/namespaces/a/pods/b/status/c"})
    EXPECT_EQ(at(text).where, place::nothing) << text;
}

TEST(ApiRoute, KnowsWhereStatusesAreUnderstood) {
  auto at = [](std::string_view text) {
    return is_api_path(*parse_target(text));
  };
  for (auto* text : {"/api/v1/nothings", "/api/v2", "/apis/apps/v9/x"})
    EXPECT_TRUE(at(text)) << text;
  EXPECT_TRUE(at("/api//v1"));
  for (auto* text : {"/apis/nothing/v1", "/nothing", "/apis/nothing",
                     "//api/v1", "/apis//apps/v1"})
    EXPECT_FALSE(at(text)) << text;
}

TEST(ApiRoute, KnowsWhatIsPassedOn) {
  for (auto* text : {"/api/v1/namespaces/a/pods/b/proxy",
                     "/api/v1/namespaces/a/services/b:c/proxy/x?y",
                     "/api/v1/nodes/n/proxy/healthz"})
    EXPECT_TRUE(is_proxied_target(text)) << text;
  for (auto* text :
       {"/api/v1/namespaces/a/pods/proxy", "/api/v1/pods?x=/proxy",
        "/apis/apps/v1/namespaces/a/deployments/b/proxy", "/proxy", "*"})
    EXPECT_FALSE(is_proxied_target(text)) << text;
}

TEST(Target, RefusesWhatIsNone) {
  for (auto* text :
       {"", "x", "http://h/x", "/a/../b", "/%2e%2e/b", "/%zz", "/%4", "/?a=%4"})
    EXPECT_FALSE(parse_target(text)) << text;
  auto to = parse_target("/a?x=1&x=2&y&z=a+b%2b#f");
  ASSERT_TRUE(to);
  EXPECT_EQ(to->all("x"), (std::vector<std::string>{"1", "2"}));
  EXPECT_TRUE(to->flag("y"));
  EXPECT_EQ(to->get("z"), "a b+");
}

} // namespace

} // namespace troupe::http
