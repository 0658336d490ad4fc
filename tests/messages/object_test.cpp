#include "messages/api/apps.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "messages/object.hpp"

#include <gtest/gtest.h>

namespace troupe {

namespace {

core::v1::Pod a_pod() {
  core::v1::Pod pod;
  pod.mutable_metadata()->set_name("web");
  pod.mutable_metadata()->set_namespace_("default");
  pod.mutable_metadata()->set_uid("u1");
  (*pod.mutable_metadata()->mutable_labels())["b"] = "2";
  (*pod.mutable_metadata()->mutable_labels())["a"] = "1";
  pod.mutable_spec()->add_containers()->set_name("main");
  return pod;
}

} // namespace

TEST(Object, KnowsItsKindAndKey) {
  auto x = object::of(a_pod());
  EXPECT_EQ(x.kind().kind, "Pod");
  EXPECT_EQ(x.key(), "default/web");
  EXPECT_EQ(x.uid(), "u1");
}

TEST(Object, ShowsTheRevisionAsResourceVersionButKeepsItOutOfTheBytes) {
  auto a = object::of(a_pod());
  auto pod = a_pod();
  pod.mutable_metadata()->set_resource_version("17");
  auto b = object::of(pod);
  EXPECT_EQ(b.revision(), 17u);
  EXPECT_EQ(a.bytes(), b.bytes());
  EXPECT_EQ(a.with_revision(9).meta().resource_version(), "9");
}

TEST(Object, SharesItsBytesWithOtherRevisionsOfIt) {
  core::v1::ConfigMap map;
  map.mutable_metadata()->set_name("a");
  auto a = object::of(map).with_revision(7);
  auto b = a.with_revision(8);
  EXPECT_FALSE(a.same_cell(b));
  EXPECT_EQ(&a.bytes(), &b.bytes());
  EXPECT_EQ(a.meta().resource_version(), "7");
  EXPECT_EQ(b.meta().resource_version(), "8");
  EXPECT_TRUE(a.same_content(b));
}

TEST(Object, ReadsItsHeaderFromTheBytesAlone) {
  auto a = object::of(a_pod());
  auto b = object::parse(a.kind(), a.bytes(), 5);
  ASSERT_TRUE(b);
  EXPECT_EQ(b->key(), "default/web");
  EXPECT_EQ(b->uid(), "u1");
  EXPECT_EQ(b->as<core::v1::Pod>().spec().containers(0).name(), "main");
}

TEST(Object, ZeroOfAValueFieldIsTheSameAsAbsent) {
  auto pod = a_pod();
  pod.mutable_spec()->set_host_network(false);
  pod.mutable_spec()->set_node_name("");
  pod.mutable_status();
  EXPECT_TRUE(object::of(pod).same_content(object::of(a_pod())));
}

TEST(Object, ZeroOfAPointerFieldIsKept) {
  auto pod = a_pod();
  pod.mutable_spec()->set_termination_grace_period_seconds(0);
  EXPECT_FALSE(object::of(pod).same_content(object::of(a_pod())));
}

TEST(Object, AnEmptyMessageBehindAPointerIsKept) {
  auto pod = a_pod();
  auto* volume = pod.mutable_spec()->add_volumes();
  volume->set_name("scratch");
  volume->mutable_volume_source()->mutable_empty_dir();
  auto x = object::of(pod);
  auto back = object::parse(x.kind(), x.bytes(), 1);
  EXPECT_TRUE(back->as<core::v1::Pod>()
                  .spec()
                  .volumes(0)
                  .volume_source()
                  .has_empty_dir());
}

TEST(Kinds, AreFoundByEveryNameThatPeopleUse) {
  auto* deployment = &kind_of<apps::v1::Deployment>();
  for (auto word : {"deploy", "deployment", "deployments", "Deployment",
                    "deployments.apps", "deployments.v1.apps"})
    EXPECT_EQ(find_by_alias(word), deployment) << word;
  EXPECT_EQ(find_by_alias("po"), &kind_of<core::v1::Pod>());
  EXPECT_EQ(find_by_alias("nonsense"), nullptr);
  EXPECT_EQ(find_kind("apps/v1", "Deployment"), deployment);
}

TEST(Kinds, EveryKindHasAMessageWithMetadata) {
  for (auto& k : all_kinds()) {
    ASSERT_NE(k.descriptor(), nullptr) << k.proto_name;
    if (!k.plural.empty()) {
      EXPECT_NE(metadata_of(*k.make()), nullptr) << k.kind;
    }
  }
}

TEST(Fields, KnowWhatIsDeclaredOfThem) {
  auto& spec = message_info_of(core::v1::PodSpec::descriptor());
  auto* member = spec.member("containers");
  ASSERT_NE(member, nullptr);
  EXPECT_TRUE(member->field->patch_merge);
  EXPECT_EQ(member->field->patch_merge_key, "name");
  auto& volume = message_info_of(core::v1::Volume::descriptor());
  auto* empty_dir = volume.member("emptyDir");
  ASSERT_NE(empty_dir, nullptr);
  EXPECT_EQ(empty_dir->through.size(), 1u);
}

TEST(Errors, NoErrorIsOfNoKind) {
  EXPECT_FALSE(is(caf::error{}, ec::timeout));
}

TEST(Errors, BecomeAStatusAndComeBack) {
  auto err =
      invalid(kind_of<core::v1::Pod>(), "web",
              {{"FieldValueRequired", "spec.containers", "Required value"}});
  auto status = to_status(err);
  EXPECT_EQ(status.code(), 422);
  EXPECT_EQ(status.message(),
            "Pod \"web\" is invalid: spec.containers: Required value");
  EXPECT_EQ(status.details().causes(0).field(), "spec.containers");
  EXPECT_TRUE(is(from_status(status), ec::invalid));
}

} // namespace troupe
