#include "messages/api/core_config.pb.h"
#include "runtime/rules/cluster_info.hpp"

#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

using namespace std::chrono_literals;

const time_point now = time_point{} + std::chrono::hours(24 * 365 * 56);

bootstrap_token a_token(const std::string& id) {
  bootstrap_token token;
  token.id = id;
  token.secret = "0123456789abcdef";
  return token;
}

const auto& data(const object& map) {
  return map.as<core::v1::ConfigMap>().data();
}

TEST(ClusterInfo, IsSignedByTheTokensThatMayAndByNoOthers) {
  auto map = cluster_info("https://10.0.0.1:6443", "CA");
  auto over = a_token("zzzzzz");
  over.expires = now;
  auto other = a_token("yyyyyy");
  other.for_signing = false;
  auto first = signed_cluster_info(map, {a_token("abcdef"), over, other}, now);
  ASSERT_TRUE(first);
  EXPECT_EQ(data(first).size(), 2u);
  EXPECT_NE(data(first).at("jws-kubeconfig-abcdef").find(".."),
            std::string::npos);
  EXPECT_FALSE(signed_cluster_info(first, {a_token("abcdef")}, now));
  auto none = signed_cluster_info(first, {}, now);
  ASSERT_TRUE(none);
  EXPECT_EQ(data(none).size(), 1u);
}

TEST(ClusterInfo, IsSignedAnewWhenTheServerMoved) {
  auto map = signed_cluster_info(cluster_info("https://a:1", "CA"),
                                 {a_token("abcdef")}, now);
  EXPECT_FALSE(corrected_cluster_info(map, cluster_info("https://a:1", "CA")));
  auto moved = corrected_cluster_info(map, cluster_info("https://b:1", "CA"));
  ASSERT_TRUE(moved);
  EXPECT_TRUE(signed_cluster_info(moved, {a_token("abcdef")}, now));
}

TEST(ClusterInfo, LosesASignatureWhenItsTokenEnds) {
  auto soon = a_token("abcdef");
  soon.expires = now + 1h;
  EXPECT_EQ(next_signature_end({soon, a_token("bbbbbb")}, now), now + 1h);
  EXPECT_FALSE(next_signature_end({a_token("bbbbbb")}, now));
}

} // namespace

} // namespace troupe::rules
