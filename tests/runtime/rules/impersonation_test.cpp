#include "runtime/rules/impersonation.hpp"

#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

using headers = std::vector<std::pair<std::string, std::string>>;
using texts = std::vector<std::string>;

/// What must be allowed, in a line each.
texts needs(const impersonation& x) {
  texts result;
  for (auto& each : x.needs)
    result.push_back(each.verb + " " + each.group + "/" + each.whole_resource()
                     + " " + (each.ns.empty() ? "" : each.ns + "/")
                     + each.name);
  return result;
}

TEST(Impersonation, IsOfAUserInSomeGroups) {
  auto x = *read_impersonation({{"Impersonate-User", "jane"},
                                {"impersonate-group", "dev"},
                                {"Impersonate-Group", "ops"}});
  EXPECT_EQ(needs(x),
            (texts{"impersonate /users jane", "impersonate /groups dev",
                   "impersonate /groups ops"}));
  EXPECT_EQ(x.who.user, "jane");
  EXPECT_EQ(x.who.groups, (texts{"dev", "ops", "system:authenticated"}));
}

TEST(Impersonation, IsNotWantedWithoutHeaders) {
  EXPECT_FALSE(read_impersonation({})->wanted());
}

TEST(Impersonation, OfAnAccountBringsItsGroupsUnlessOthersAreNamed) {
  auto x = *read_impersonation(
      {{"Impersonate-User", "system:serviceaccount:team:builder"}});
  EXPECT_EQ(needs(x), texts{"impersonate /serviceaccounts team/builder"});
  EXPECT_EQ(x.who.groups,
            (texts{"system:serviceaccounts", "system:serviceaccounts:team",
                   "system:authenticated"}));
  x = *read_impersonation(
      {{"Impersonate-User", "system:serviceaccount:team:builder"},
       {"Impersonate-Group", "g"}});
  EXPECT_EQ(x.who.groups, (texts{"g", "system:authenticated"}));
}

TEST(Impersonation, OfNobodyStaysNobody) {
  auto x = *read_impersonation({{"Impersonate-User", "system:anonymous"}});
  EXPECT_EQ(x.who.groups, texts{"system:unauthenticated"});
}

TEST(Impersonation, CarriesUidAndExtras) {
  auto x = *read_impersonation({{"Impersonate-User", "jane"},
                                {"Impersonate-Uid", "u7"},
                                {"Impersonate-Extra-Scopes", "view"},
                                {"Impersonate-Extra-Scopes", "edit"},
                                {"Impersonate-Extra-Acme.com%2fproject", "p"}});
  EXPECT_EQ(needs(x),
            (texts{"impersonate /users jane",
                   "impersonate authentication.k8s.io/userextras/scopes view",
                   "impersonate authentication.k8s.io/userextras/scopes edit",
                   "impersonate "
                   "authentication.k8s.io/userextras/acme.com/project p",
                   "impersonate authentication.k8s.io/uids u7"}));
  EXPECT_EQ(x.who.uid, "u7");
  EXPECT_EQ(x.who.extra["scopes"], (texts{"view", "edit"}));
  EXPECT_EQ(x.who.extra["acme.com/project"], texts{"p"});
}

TEST(Impersonation, NeedsAUser) {
  for (auto& h :
       {headers{{"Impersonate-Group", "g"}}, headers{{"Impersonate-Uid", "u"}},
        headers{{"Impersonate-Extra-a", "b"}}})
    EXPECT_FALSE(read_impersonation(h));
}

} // namespace

} // namespace troupe::rules
