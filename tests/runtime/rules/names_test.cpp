#include "messages/api/core_pod.pb.h"
#include "runtime/rules/names.hpp"

#include <gtest/gtest.h>

using namespace troupe;

namespace {

rules::entropy counter(uint64_t start = 0) {
  return [n = start]() mutable { return n++; };
}

} // namespace

TEST(Names, SuffixesMakeNoWords) {
  EXPECT_EQ(rules::random_suffix(27, counter()), "bcdfghjklmnpqrstvwxz2456789");
}

TEST(Names, GeneratedNameIsThePrefixAndFiveCharacters) {
  EXPECT_EQ(rules::generate_name("web-", counter()), "web-bcdfg");
}

TEST(Names, LongPrefixIsCutTo63Characters) {
  auto name = rules::generate_name(std::string(80, 'a'), counter());
  EXPECT_EQ(name.size(), 63u);
  EXPECT_EQ(name.substr(57), "abcdfg");
}

TEST(Names, NumbersAreWrittenInTheSameAlphabet) {
  EXPECT_EQ(rules::safe_encode(0), "4");
  EXPECT_EQ(rules::safe_encode(1234567890), "56789bcdf4");
}

TEST(Names, EqualTemplatesHaveEqualHashes) {
  core::v1::PodTemplateSpec a;
  auto* labels = a.mutable_metadata()->mutable_labels();
  for (auto* key : {"x", "y", "z"})
    (*labels)[key] = "1";
  core::v1::PodTemplateSpec b;
  labels = b.mutable_metadata()->mutable_labels();
  for (auto* key : {"z", "y", "x"})
    (*labels)[key] = "1";
  b.mutable_spec(); // empty is the same as absent
  EXPECT_EQ(rules::template_hash(a), rules::template_hash(b));
  b.mutable_spec()->add_containers()->set_image("nginx");
  EXPECT_NE(rules::template_hash(a), rules::template_hash(b));
}

TEST(Names, CollisionsGiveAnotherHash) {
  core::v1::PodTemplateSpec a;
  EXPECT_NE(rules::template_hash(a), rules::template_hash(a, 1));
  EXPECT_NE(rules::template_hash(a, 1), rules::template_hash(a, 2));
}
