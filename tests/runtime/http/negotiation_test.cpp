#include "runtime/http/negotiation.hpp"

#include <gtest/gtest.h>

namespace troupe::http {

namespace {

std::string form(std::string_view accept) {
  offer all;
  all.metadata = all.tables = all.discovery = true;
  auto got = negotiate(accept, all);
  if (!got)
    return "406";
  std::string out = got->bytes == encoding::json   ? "json"
                    : got->bytes == encoding::yaml ? "yaml"
                                                   : "protobuf";
  constexpr const char* shapes[] = {"", " table", " partial", " partials",
                                    " discovery"};
  out += shapes[static_cast<int>(got->as)];
  return got->version.empty() ? out : out + " " + got->version;
}

TEST(Negotiation, GivesWhatIsLikedBest) {
  EXPECT_EQ(form(""), "json");
  EXPECT_EQ(form("*/*"), "json");
  EXPECT_EQ(form("application/yaml"), "yaml");
  EXPECT_EQ(form("application/vnd.kubernetes.protobuf,application/json"),
            "protobuf");
  EXPECT_EQ(form("application/json;q=0.5, application/yaml;q=0.9"), "yaml");
  EXPECT_EQ(form("text/html, application/json;q=0"), "406");
  EXPECT_EQ(form("text/html"), "406");
}

TEST(Negotiation, KnowsTheShapesOfKubernetes) {
  // As kubectl get asks.
  EXPECT_EQ(form("application/json;as=Table;v=v1;g=meta.k8s.io,"
                 "application/json;as=Table;v=v1beta1;g=meta.k8s.io,"
                 "application/json"),
            "json table v1");
  EXPECT_EQ(form("application/json;as=Table;v=v9;g=meta.k8s.io,"
                 "application/json"),
            "json");
  EXPECT_EQ(form("application/vnd.kubernetes.protobuf;as="
                 "PartialObjectMetadataList;g=meta.k8s.io;v=v1"),
            "protobuf partials v1");
  EXPECT_EQ(form("application/json;g=apidiscovery.k8s.io;v=v2;as="
                 "APIGroupDiscoveryList,application/json"),
            "json discovery v2");
  EXPECT_EQ(form("application/vnd.kubernetes.protobuf;g=apidiscovery.k8s.io;"
                 "v=v2;as=APIGroupDiscoveryList"),
            "protobuf discovery v2");
  EXPECT_EQ(form("application/json;as=Scroll;v=v1;g=meta.k8s.io"), "406");
}

TEST(Negotiation, ReadsBodies) {
  EXPECT_EQ(*body_encoding(""), encoding::json);
  EXPECT_EQ(*body_encoding("application/json; charset=utf-8"), encoding::json);
  EXPECT_EQ(*body_encoding("application/vnd.kubernetes.protobuf"),
            encoding::protobuf);
  EXPECT_TRUE(
      is(body_encoding("text/plain").error(), ec::unsupported_media_type));
  EXPECT_TRUE(is(body_encoding("*/*").error(), ec::unsupported_media_type));
}

} // namespace

} // namespace troupe::http
