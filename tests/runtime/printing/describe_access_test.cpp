#include "messages/api/rbac.pb.h"
#include "runtime/printing/describe.hpp"
#include "tests/runtime/printing/makers.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace troupe::printing {

namespace {

template <class T>
std::string described(const std::string& text) {
  T x;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &x)) << text;
  return describe(object::of(x), {}, now());
}

} // namespace

TEST(DescribeRole, ShowsARowForEachResourceAndPath) {
  EXPECT_EQ(
      described<rbac::v1::ClusterRole>(R"(
              metadata { name: "reader" labels { key: "a" value: "b" } }
              rules { verbs: "get" verbs: "list" api_groups: "" api_groups: "apps"
                      resources: "pods" resources: "deployments/scale" }
              rules { verbs: "watch" api_groups: "" resources: "pods" }
              rules { verbs: "get" api_groups: "" resources: "secrets"
                      resource_names: "one" }
              rules { verbs: "get" non_resource_urls: "/metrics" })"),
      "Name:         reader\n"
      "Labels:       a=b\n"
      "Annotations:  <none>\n"
      "PolicyRule:\n"
      "  Resources               Non-Resource URLs  Resource Names  Verbs\n"
      "  ---------               -----------------  --------------  -----\n"
      "  pods                    []                 []              [get list "
      "watch]\n"
      "  deployments/scale       []                 []              [get "
      "list]\n"
      "  deployments.apps/scale  []                 []              [get "
      "list]\n"
      "  pods.apps               []                 []              [get "
      "list]\n"
      "                          [/metrics]         []              [get]\n"
      "  secrets                 []                 [one]           [get]\n");
}

TEST(DescribeRoleBinding, ShowsTheRoleAndWhoHasIt) {
  EXPECT_EQ(described<rbac::v1::RoleBinding>(R"(
              metadata { name: "readers" namespace: "default" }
              role_ref { kind: "Role" name: "reader" }
              subjects { kind: "User" name: "jane" }
              subjects { kind: "ServiceAccount" name: "site" namespace: "shop" })"),
            "Name:         readers\n"
            "Labels:       <none>\n"
            "Annotations:  <none>\n"
            "Role:\n"
            "  Kind:  Role\n"
            "  Name:  reader\n"
            "Subjects:\n"
            "  Kind            Name  Namespace\n"
            "  ----            ----  ---------\n"
            "  User            jane  \n"
            "  ServiceAccount  site  shop\n");
}

} // namespace troupe::printing
