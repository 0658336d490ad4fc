#include "runtime/http/discovery.hpp"
#include "runtime/http/negotiation.hpp"
#include "runtime/http/served_document.hpp"

#include <gtest/gtest.h>

namespace troupe::http {

namespace {

TEST(ServedDocument, IsKnownByItsTag) {
  auto one = served_document::of("one");
  EXPECT_EQ(one.tag(), served_document::of("one").tag());
  EXPECT_NE(one.tag(), served_document::of("two").tag());
  for (auto& header :
       {one.tag(), "W/" + one.tag(), "\"x\", " + one.tag(), std::string{"*"}})
    EXPECT_TRUE(names_tag(header, one.tag())) << header;
  for (auto& header : {std::string{}, one.hash, std::string{"\"x\""}})
    EXPECT_FALSE(names_tag(header, one.tag())) << header;
}

TEST(ServedDocument, IsOnePerPartAndVersionOfDiscovery) {
  auto& core = aggregated_discovery(true, "v2");
  EXPECT_EQ(&core, &aggregated_discovery(true, "v2"));
  EXPECT_NE(core.hash, aggregated_discovery(false, "v2").hash);
  EXPECT_NE(core.hash, aggregated_discovery(true, "v2beta1").hash);
}

TEST(ServedDocument, IsChosenByTheNameOfItsType) {
  std::vector<std::string_view> types{"application/json", "application/x"};
  EXPECT_EQ(choose_type("", types), 0u);
  EXPECT_EQ(choose_type("*/*", types), 0u);
  EXPECT_EQ(choose_type("application/*", types), 0u);
  EXPECT_EQ(choose_type("application/x, application/json", types), 1u);
  EXPECT_EQ(choose_type("application/json;as=Table", types), 0u);
  EXPECT_EQ(choose_type("application/yaml", types), std::nullopt);
  EXPECT_EQ(choose_type("text/*", types), std::nullopt);
}

} // namespace

} // namespace troupe::http
