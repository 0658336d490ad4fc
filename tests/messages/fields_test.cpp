#include "messages/api/core_pod.pb.h"
#include "messages/fields.hpp"
#include "messages/kinds.hpp"
#include "tests/runtime/text/random_message.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace troupe {

namespace {

bool is_normal(const google::protobuf::Message& msg) {
  return troupe::is_normal(message_info_of(msg.GetDescriptor()),
                           msg.SerializeAsString());
}

} // namespace

TEST(Fields, CanonicalBytesAreThoseOfTheNormalForm) {
  text::random_message random{7};
  for (auto& kind : all_kinds()) {
    for (int i = 0; i < 20; ++i) {
      auto msg = kind.make();
      random.fill(*msg);
      auto bytes = canonical_bytes(*msg);
      auto whole = msg->SerializeAsString().size() == bytes.size();
      EXPECT_EQ(is_normal(*msg), whole) << kind.kind;
      normalize(*msg);
      EXPECT_EQ(normalize_and_encode(*msg), bytes) << kind.kind;
      EXPECT_TRUE(is_normal(*msg)) << kind.kind;
    }
  }
}

TEST(Fields, ZeroOfAValueFieldIsNotNormalWhereverItStands) {
  core::v1::Pod pod;
  pod.mutable_spec()->add_containers()->set_name("main");
  EXPECT_TRUE(is_normal(pod));
  auto text = pod;
  text.mutable_spec()->mutable_containers(0)->set_image("");
  EXPECT_FALSE(is_normal(text));
  auto number = pod;
  number.mutable_spec()->mutable_containers(0)->add_ports()->set_host_port(0);
  EXPECT_FALSE(is_normal(number));
  auto flag = pod;
  flag.mutable_spec()->set_host_network(false);
  EXPECT_FALSE(is_normal(flag));
  auto empty = pod;
  empty.mutable_status();
  EXPECT_FALSE(is_normal(empty));
}

TEST(Fields, ZeroBehindAPointerStays) {
  core::v1::Pod pod;
  pod.mutable_spec()->set_termination_grace_period_seconds(0);
  pod.mutable_spec()->mutable_security_context();
  EXPECT_TRUE(is_normal(pod));
}

TEST(Fields, BytesThatAreNoMessageAreNotNormal) {
  auto& type = message_info_of(core::v1::Pod::descriptor());
  EXPECT_FALSE(is_normal(type, "\x0a"));
  EXPECT_FALSE(is_normal(type, "\x0a\x7f"));
  EXPECT_FALSE(is_normal(type, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
}

} // namespace troupe
