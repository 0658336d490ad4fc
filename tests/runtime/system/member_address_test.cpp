#include "runtime/system/member_address.hpp"

#include <gtest/gtest.h>

namespace troupe {

TEST(MemberAddress, SaysWhoseStoreItIsAndWhere) {
  auto added = member_address_of("server-2", "10.0.0.2:6444");
  EXPECT_EQ(added, "server-2/store@10.0.0.2:6444");
  EXPECT_EQ(member_server(added), "server-2");
  EXPECT_EQ(member_store(added), "server-2/store");
  EXPECT_EQ(member_place(added), "10.0.0.2:6444");
}

TEST(MemberAddress, NeedNotSayWhereAFounderIs) {
  EXPECT_EQ(member_server("server-1/store"), "server-1");
  EXPECT_EQ(member_store("server-1/store"), "server-1/store");
  EXPECT_EQ(member_place("server-1/store"), "");
}

} // namespace troupe
