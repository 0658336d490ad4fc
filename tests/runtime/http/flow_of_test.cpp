#include "runtime/http/flow_of.hpp"

#include <gtest/gtest.h>

namespace troupe::http {

namespace {

std::string told(const std::string& path, const std::string& verb = {},
                 const std::string& method = "GET") {
  auto to = *parse_target(path);
  auto found = flow_of(to, find_route(to), verb, method);
  return found.resource ? found.verb + " " + found.group + " " + found.what
                              + " " + found.ns
                        : found.verb + " " + found.path;
}

} // namespace

TEST(FlowOf, TellsResourcesFromPages) {
  EXPECT_EQ(told("/version"), "get /version");
  EXPECT_EQ(told("/api"), "get /api");
  EXPECT_EQ(told("/api/v1"), "get /api/v1");
  EXPECT_EQ(told("/apis/apps/v1"), "get /apis/apps/v1");
  EXPECT_EQ(told("/api/v1/nodes", "list"), "list  nodes ");
  EXPECT_EQ(told("/apis/apps/v1/namespaces/one/deployments/a/scale", "update"),
            "update apps deployments/scale one");
  EXPECT_EQ(told("/api/v1/namespaces/one", "get"), "get  namespaces one");
  EXPECT_EQ(told("/api/v1/namespaces/one/status", "update"),
            "update  namespaces/status one");
  EXPECT_EQ(told("/api/v1/namespaces", "list"), "list  namespaces ");
  EXPECT_EQ(told("/api/v1/namespaces//pods", "list"), "list  pods ");
  EXPECT_EQ(told("/api/v1/watch/namespaces/one/pods/a", "watch"),
            "watch  pods one");
}

TEST(FlowOf, NamesTheVerbOfWhatIsNotThere) {
  EXPECT_EQ(told("/apis/a/v1/bs"), "list a bs ");
  EXPECT_EQ(told("/apis/a/v1/bs/c"), "get a bs ");
  EXPECT_EQ(told("/apis/a/v1/bs/c", {}, "DELETE"), "delete a bs ");
  EXPECT_EQ(told("/x", {}, "POST"), "post /x");
}

} // namespace troupe::http
