#include "tests/support/linearizability.hpp"

#include <gtest/gtest.h>

namespace troupe::test {

namespace {

using kind = register_call::kind;

register_call write(const std::string& value, uint64_t begin, uint64_t end) {
  return {kind::write, {}, value, false, begin, end, false};
}

register_call read(const std::string& value, uint64_t begin, uint64_t end) {
  return {kind::read, {}, value, false, begin, end, false};
}

register_call swap(const std::string& from, const std::string& to, bool done,
                   uint64_t begin, uint64_t end) {
  return {kind::swap, from, to, done, begin, end, false};
}

register_call open(register_call call) {
  call.open = true;
  return call;
}

} // namespace

TEST(Linearizability, AReadSeesTheLastWrite) {
  EXPECT_TRUE(is_linearizable({}));
  EXPECT_TRUE(is_linearizable({write("1", 0, 1), read("1", 2, 3)}));
  EXPECT_FALSE(is_linearizable({write("1", 0, 1), read("", 2, 3)}));
  EXPECT_FALSE(
      is_linearizable({write("1", 0, 1), write("2", 2, 3), read("1", 4, 5)}));
}

TEST(Linearizability, CallsAtTheSameTimeMayHaveAnyOrder) {
  EXPECT_TRUE(is_linearizable({write("1", 0, 9), read("", 1, 2)}));
  EXPECT_TRUE(is_linearizable({write("1", 0, 9), read("1", 1, 2)}));
  // But one order for all.
  EXPECT_FALSE(
      is_linearizable({write("1", 0, 9), read("1", 1, 2), read("", 3, 4)}));
}

TEST(Linearizability, ASwapIsOneStep) {
  EXPECT_TRUE(
      is_linearizable({swap("", "1", true, 0, 9), swap("", "2", false, 0, 9)}));
  EXPECT_FALSE(
      is_linearizable({swap("", "1", true, 0, 9), swap("", "2", true, 0, 9)}));
}

TEST(Linearizability, WhatHadNoAnswerMayHappenLaterOrNever) {
  EXPECT_TRUE(is_linearizable({open(write("1", 0, 1)), read("", 2, 3)}));
  EXPECT_TRUE(is_linearizable(
      {open(write("1", 0, 1)), read("", 2, 3), read("1", 4, 5)}));
  EXPECT_FALSE(is_linearizable(
      {open(write("1", 0, 1)), read("1", 2, 3), read("", 4, 5)}));
}

} // namespace troupe::test
