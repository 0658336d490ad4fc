#include "messages/api/core_config.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/api/flowcontrol.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/default_flow.hpp"
#include "runtime/rules/first_objects.hpp"
#include "runtime/rules/strategy.hpp"

#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

template <class T>
object find(const first_settings& settings, const std::string& name) {
  for (auto& each : first_objects(settings))
    if (&each.kind() == &kind_of<T>() && each.name() == name)
      return each;
  return {};
}

const first_settings silent{"10.96.0.0/16", {}, 0, "pem"};
const first_settings serving{"10.96.0.0/16", "192.168.1.7", 7443, "pem"};

} // namespace

TEST(FirstObjects, AreThoseOfEveryCluster) {
  for (auto name : {"default", "kube-system", "kube-public", "kube-node-lease"})
    EXPECT_TRUE(find<core::v1::Namespace>(silent, name)) << name;
  auto service = find<core::v1::Service>(silent, "kubernetes");
  EXPECT_EQ(service.as<core::v1::Service>().spec().cluster_ip(), "10.96.0.1");
}

TEST(FirstObjects, HaveMandatoryFlowControlWithItsMarkAtTheEnd) {
  auto all = first_objects(silent);
  EXPECT_TRUE(marks_flow(all.back()));
  for (auto name : {"exempt", "catch-all"}) {
    EXPECT_TRUE(find<flowcontrol::v1::FlowSchema>(silent, name));
    EXPECT_TRUE(
        find<flowcontrol::v1::PriorityLevelConfiguration>(silent, name));
  }
}

TEST(FirstObjects, KeepTheSpecOfMandatoryFlowControlButNotItsLabels) {
  using level = flowcontrol::v1::PriorityLevelConfiguration;
  auto wanted = find<level>(silent, "catch-all");
  auto stored = wanted.copy<level>();
  (*stored.mutable_metadata()->mutable_labels())["mine"] = "kept";
  stored.mutable_spec()->mutable_limited()->set_lendable_percent(0);
  EXPECT_FALSE(corrected(object::of(stored), wanted));
  stored.mutable_spec()->mutable_limited()->set_nominal_concurrency_shares(7);
  auto changed = corrected(object::of(stored).with_revision(3), wanted);
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed.as<level>().spec().limited().nominal_concurrency_shares(),
            5);
  EXPECT_EQ(changed.meta().labels().at("mine"), "kept");
}

TEST(FirstObjects, AreValid) {
  auto suggested = suggested_flow();
  suggested.insert(suggested.end(), mandatory_flow().begin(),
                   mandatory_flow().end());
  for (auto& each : suggested) {
    auto found = validate_create(each.message());
    EXPECT_TRUE(found.empty()) << each.key() << " " << found.front().detail;
  }
}

TEST(FirstObjects, SayWhoSignsCertificatesOfClients) {
  auto map = authentication_map("pem");
  EXPECT_EQ(map.key(), "kube-system/extension-apiserver-authentication");
  EXPECT_EQ(map.as<core::v1::ConfigMap>().data().at("client-ca-file"), "pem");
}

TEST(FirstObjects, PromiseNoAddressWhereNothingServes) {
  auto endpoints = find<core::v1::Endpoints>(silent, "kubernetes");
  EXPECT_EQ(endpoints.as<core::v1::Endpoints>().subsets_size(), 0);
  auto slice = find<discovery::v1::EndpointSlice>(silent, "kubernetes");
  EXPECT_EQ(slice.as<discovery::v1::EndpointSlice>().endpoints_size(), 0);
}

TEST(FirstObjects, HoldTheAddressOfWhatServes) {
  auto endpoints = find<core::v1::Endpoints>(serving, "kubernetes");
  auto& subset = endpoints.as<core::v1::Endpoints>().subsets(0);
  EXPECT_EQ(subset.addresses(0).ip(), "192.168.1.7");
  EXPECT_EQ(subset.ports(0).port(), 7443);
  EXPECT_EQ(subset.ports(0).name(), "https");
  auto slice = find<discovery::v1::EndpointSlice>(serving, "kubernetes");
  auto& typed = slice.as<discovery::v1::EndpointSlice>();
  EXPECT_EQ(typed.endpoints(0).addresses(0), "192.168.1.7");
  EXPECT_EQ(typed.ports(0).port(), 7443);
  EXPECT_EQ(typed.metadata().labels().at("kubernetes.io/service-name"),
            "kubernetes");
  auto service = find<core::v1::Service>(serving, "kubernetes");
  EXPECT_EQ(
      service.as<core::v1::Service>().spec().ports(0).target_port().int_val(),
      7443);
}

TEST(FirstObjects, AreCorrectedWhereTheySaySomethingElse) {
  auto wanted = find<core::v1::Endpoints>(serving, "kubernetes");
  auto stored = find<core::v1::Endpoints>(silent, "kubernetes")
                    .copy<core::v1::Endpoints>();
  (*stored.mutable_metadata()->mutable_labels())["mine"] = "kept";
  auto changed = corrected(object::of(stored).with_revision(7), wanted);
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed.revision(), 7u);
  EXPECT_EQ(changed.as<core::v1::Endpoints>().subsets_size(), 1);
  EXPECT_EQ(changed.meta().labels().at("mine"), "kept");
  EXPECT_FALSE(corrected(changed, wanted));
}

TEST(FirstObjects, AServiceIsForOthersToChange) {
  auto wanted = find<core::v1::Service>(silent, "kubernetes");
  auto stored = wanted.copy<core::v1::Service>();
  stored.mutable_spec()->set_session_affinity("ClientIP");
  EXPECT_FALSE(corrected(object::of(stored), wanted));
}

TEST(FirstObjects, EachNamespaceKnowsTheAuthority) {
  auto map = authority_map("one", "pem");
  EXPECT_EQ(map.key(), "one/kube-root-ca.crt");
  auto other = map.copy<core::v1::ConfigMap>();
  (*other.mutable_data())["ca.crt"] = "forged";
  auto fixed = corrected(object::of(other), map);
  ASSERT_TRUE(fixed);
  EXPECT_EQ(fixed.as<core::v1::ConfigMap>().data().at("ca.crt"), "pem");
}

TEST(LeadsToTheApi, TheServerBesideWhichControllersAreActive) {
  EXPECT_TRUE(leads_to_api(std::nullopt, "server-1", {}));
  EXPECT_TRUE(leads_to_api("server-2_a1", "server-2", {"server-1"}));
  EXPECT_FALSE(leads_to_api("server-2_a1", "server-1", {"server-1"}));
  EXPECT_FALSE(leads_to_api("", "server-1", {"server-1"}));
}

TEST(LeadsToTheApi, TheFirstServerThatIsThereWhereControllersAreApart) {
  auto leads = [](const char* process, std::vector<std::string> present) {
    present.insert(present.begin(), {"controllers-x", process});
    return leads_to_api("controllers-x_a1", process, present);
  };
  EXPECT_TRUE(leads("server-1", {"server-2"}));
  EXPECT_FALSE(leads("server-2", {"server-1"}));
  EXPECT_TRUE(leads("server-2", {"server-3", "server-10"}));
  EXPECT_FALSE(leads("server-10", {"server-2"}));
  // It does not know yet.
  EXPECT_FALSE(leads_to_api("controllers-x_a1", "server-2", {}));
}

} // namespace troupe::rules
