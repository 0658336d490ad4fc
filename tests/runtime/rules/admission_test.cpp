#include "messages/api/certificates.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_volume.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/scheduling.pb.h"
#include "messages/api/storage.pb.h"
#include "runtime/rules/admission.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace troupe;
using namespace troupe::rules;
using core::v1::Pod;
using scheduling::v1::PriorityClass;
using testing::HasSubstr;

namespace {

PriorityClass priority_class(const char* name, int32_t value,
                             bool is_default = false) {
  PriorityClass result;
  result.mutable_metadata()->set_name(name);
  result.set_value(value);
  result.set_global_default(is_default);
  return result;
}

const core::v1::ServiceAccount account;

uint64_t seven() {
  return 7;
}

} // namespace

TEST(Tolerations, PodStaysFiveMinutesUnlessItSaysOtherwise) {
  Pod pod;
  add_default_tolerations(pod);
  ASSERT_EQ(pod.spec().tolerations_size(), 2);
  EXPECT_EQ(pod.spec().tolerations(0).key(), "node.kubernetes.io/not-ready");
  EXPECT_EQ(pod.spec().tolerations(1).toleration_seconds(), 300);
  add_default_tolerations(pod);
  EXPECT_EQ(pod.spec().tolerations_size(), 2);
}

TEST(Tolerations, WhatThePodSaysCounts) {
  Pod pod;
  auto* own = pod.mutable_spec()->add_tolerations();
  own->set_key("node.kubernetes.io/unreachable");
  own->set_effect("NoExecute");
  own->set_toleration_seconds(5);
  add_default_tolerations(pod);
  ASSERT_EQ(pod.spec().tolerations_size(), 2);
  EXPECT_EQ(pod.spec().tolerations(0).toleration_seconds(), 5);
  Pod tough;
  tough.mutable_spec()->add_tolerations()->set_operator_("Exists");
  add_default_tolerations(tough);
  EXPECT_EQ(tough.spec().tolerations_size(), 1);
}

TEST(Priority, ComesFromTheNamedClass) {
  auto high = priority_class("high", 1000);
  high.set_preemption_policy("Never");
  Pod pod;
  pod.mutable_spec()->set_priority_class_name("high");
  EXPECT_FALSE(resolve_priority(pod, {&high}));
  EXPECT_EQ(pod.spec().priority(), 1000);
  EXPECT_EQ(pod.spec().preemption_policy(), "Never");
}

TEST(Priority, ComesFromTheLowestDefaultClassElseZero) {
  auto a = priority_class("a", 7, true);
  auto b = priority_class("b", 5, true);
  Pod pod;
  EXPECT_FALSE(resolve_priority(pod, {&a, &b}));
  EXPECT_EQ(pod.spec().priority(), 5);
  EXPECT_EQ(pod.spec().priority_class_name(), "b");
  Pod plain;
  EXPECT_FALSE(resolve_priority(plain, {}));
  EXPECT_TRUE(plain.spec().has_priority());
  EXPECT_EQ(plain.spec().priority(), 0);
  EXPECT_EQ(plain.spec().preemption_policy(), "PreemptLowerPriority");
}

TEST(Priority, MissingClassAndOwnNumbersAreForbidden) {
  Pod pod;
  pod.mutable_metadata()->set_name("web");
  pod.mutable_spec()->set_priority_class_name("nope");
  auto err = resolve_priority(pod, {});
  EXPECT_TRUE(is(err, ec::forbidden));
  EXPECT_EQ(message_of(err), "pods \"web\" is forbidden: no PriorityClass with "
                             "name nope was found");
  Pod own;
  own.mutable_spec()->set_priority(9);
  EXPECT_THAT(message_of(resolve_priority(own, {})),
              HasSubstr("the integer value of priority (9) must not be"));
}

TEST(Priority, UpdateKeepsIt) {
  Pod old;
  EXPECT_FALSE(resolve_priority(old, {}));
  Pod pod;
  keep_priority(pod, old);
  EXPECT_TRUE(pod.spec().has_priority());
  EXPECT_EQ(pod.spec().preemption_policy(), "PreemptLowerPriority");
}

TEST(Priority, OnlyOneClassMayBeTheDefault) {
  auto a = priority_class("a", 1, true);
  auto b = priority_class("b", 2, true);
  EXPECT_FALSE(check_default_class(a, {&a}));
  EXPECT_TRUE(is(check_default_class(b, {&a}), ec::forbidden));
  EXPECT_FALSE(check_default_class(priority_class("c", 3), {&a}));
}

TEST(ServiceAccount, IsDefaultUnlessNamed) {
  Pod pod;
  set_default_account(pod);
  EXPECT_EQ(pod.spec().service_account_name(), "default");
  EXPECT_EQ(pod.spec().service_account(), "default");
  Pod named;
  named.mutable_spec()->set_service_account_name("robot");
  set_default_account(named);
  EXPECT_EQ(named.spec().service_account_name(), "robot");
}

TEST(ServiceAccount, GivesItsPullSecretsAndMustExist) {
  Pod pod;
  set_default_account(pod);
  core::v1::ServiceAccount puller;
  puller.add_image_pull_secrets()->set_name("registry");
  EXPECT_FALSE(apply_account(pod, &puller, seven));
  EXPECT_EQ(pod.spec().image_pull_secrets(0).name(), "registry");
  pod.mutable_metadata()->set_name("web");
  pod.mutable_metadata()->set_namespace_("one");
  auto err = apply_account(pod, nullptr, seven);
  EXPECT_TRUE(is(err, ec::forbidden));
  EXPECT_EQ(message_of(err),
            "pods \"web\" is forbidden: error looking up service account "
            "one/default: serviceaccount \"default\" not found");
}

TEST(ServiceAccount, MountsWhatReachesTheServerWhereNothingElseIs) {
  Pod pod;
  set_default_account(pod);
  pod.mutable_spec()->add_init_containers()->set_name("first");
  pod.mutable_spec()->add_containers()->set_name("main");
  auto* own = pod.mutable_spec()->add_containers()->add_volume_mounts();
  own->set_name("mine");
  own->set_mount_path("/var/run/secrets/kubernetes.io/serviceaccount");
  EXPECT_FALSE(apply_account(pod, &account, seven));
  ASSERT_EQ(pod.spec().volumes_size(), 1);
  auto& volume = pod.spec().volumes(0);
  EXPECT_EQ(volume.name().substr(0, 16), "kube-api-access-");
  EXPECT_EQ(volume.name().size(), 21u);
  EXPECT_EQ(volume.volume_source().projected().sources_size(), 3);
  for (auto* c : {&pod.spec().init_containers(0), &pod.spec().containers(0)}) {
    ASSERT_EQ(c->volume_mounts_size(), 1);
    EXPECT_EQ(c->volume_mounts(0).name(), volume.name());
    EXPECT_TRUE(c->volume_mounts(0).read_only());
  }
  EXPECT_EQ(pod.spec().containers(1).volume_mounts_size(), 1);
}

TEST(ServiceAccount, MountsNothingWherePodOrAccountSayNo) {
  struct {
    std::optional<bool> pod, account;
    int volumes;
  } cases[] = {{{}, {}, 1},    {{}, false, 0},   {{}, true, 1},
               {false, {}, 0}, {false, true, 0}, {true, false, 1}};
  for (auto& c : cases) {
    Pod pod;
    pod.mutable_spec()->add_containers()->set_name("main");
    core::v1::ServiceAccount says;
    if (c.pod)
      pod.mutable_spec()->set_automount_service_account_token(*c.pod);
    if (c.account)
      says.set_automount_service_account_token(*c.account);
    EXPECT_FALSE(apply_account(pod, &says, seven));
    EXPECT_EQ(pod.spec().volumes_size(), c.volumes);
  }
}

TEST(ServiceAccount, LeavesMirrorsOfStaticPodsAlone) {
  Pod pod;
  (*pod.mutable_metadata()
        ->mutable_annotations())["kubernetes.io/config.mirror"] = "x";
  pod.mutable_spec()->add_containers()->set_name("main");
  EXPECT_FALSE(apply_account(pod, nullptr, seven));
  EXPECT_EQ(pod.spec().volumes_size(), 0);
}

TEST(NamespaceLifecycle, MissingIsNotFoundAndEndingIsForbidden) {
  core::v1::Namespace ns;
  EXPECT_FALSE(check_namespace_takes(&ns, "web", "pods", "a"));
  EXPECT_TRUE(
      is(check_namespace_takes(nullptr, "web", "pods", "a"), ec::not_found));
  ns.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
  auto err = check_namespace_takes(&ns, "web", "deployments.apps", "a");
  EXPECT_TRUE(is(err, ec::forbidden));
  EXPECT_EQ(message_of(err),
            "deployments.apps \"a\" is forbidden: unable to create new content "
            "in namespace web because it is being terminated");
  auto status = to_status(err);
  EXPECT_EQ(status.details().causes(0).reason(), "NamespaceTerminating");
  EXPECT_EQ(status.details().group(), "apps");
}

TEST(NamespaceLifecycle, TheFirstNamespacesStay) {
  EXPECT_TRUE(is(check_namespace_may_go("default"), ec::forbidden));
  EXPECT_TRUE(is(check_namespace_may_go("kube-system"), ec::forbidden));
  EXPECT_TRUE(is(check_namespace_may_go("kube-public"), ec::forbidden));
  EXPECT_FALSE(check_namespace_may_go("web"));
}

TEST(StorageClass, NewestDefaultIsTaken) {
  auto make = [](const char* name, int64_t born) {
    storage::v1::StorageClass result;
    auto* meta = result.mutable_metadata();
    meta->set_name(name);
    meta->mutable_creation_timestamp()->set_seconds(born);
    (*meta->mutable_annotations())
        ["storageclass.kubernetes.io/is-default-class"] = "true";
    return result;
  };
  auto a = make("a", 1);
  auto b = make("b", 2);
  core::v1::PersistentVolumeClaim claim;
  set_default_storage_class(claim, {&b, &a});
  EXPECT_EQ(claim.spec().storage_class_name(), "b");
  core::v1::PersistentVolumeClaim none;
  none.mutable_spec()->set_storage_class_name("");
  set_default_storage_class(none, {&a});
  EXPECT_EQ(none.spec().storage_class_name(), "") << "\"\" is a wish";
}

TEST(CertificateRequest, SaysWhoReallyAsks) {
  certificates::v1::CertificateSigningRequest request;
  request.mutable_spec()->set_username("root");
  request.mutable_spec()->add_groups("system:masters");
  stamp_requester(request,
                  {"jane", {"system:authenticated"}, "u", {{"a", {"b"}}}});
  EXPECT_EQ(request.spec().username(), "jane");
  EXPECT_EQ(request.spec().uid(), "u");
  EXPECT_EQ(request.spec().extra().at("a").items(0), "b");
  EXPECT_EQ(request.spec().groups_size(), 1);
}
