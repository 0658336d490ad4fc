#include "runtime/rules/sysctl_overlap.hpp"

#include <gtest/gtest.h>

#include <random>

namespace troupe::rules {

namespace {

using words = google::protobuf::RepeatedPtrField<std::string>;

words list(std::initializer_list<const char*> all) {
  words result;
  for (auto* each : all)
    *result.Add() = each;
  return result;
}

std::string told(const words& allowed, const words& forbidden,
                 size_t most = 1000) {
  std::string result;
  for (auto& each : overlaps_of(allowed, forbidden, most))
    result += allowed[each.allowed] + (each.of_allowed ? "<" : ">")
              + forbidden[each.forbidden] + " ";
  return result;
}

/// Each with each, as Kubernetes compares them.
std::string told_slowly(const words& allowed, const words& forbidden) {
  auto covers = [](std::string_view pattern, std::string_view name) {
    if (!pattern.ends_with('*'))
      return pattern == name;
    pattern.remove_suffix(1);
    return name.starts_with(pattern);
  };
  std::string result;
  for (auto& a : allowed)
    for (auto& f : forbidden)
      if (covers(f, a))
        result += a + "<" + f + " ";
      else if (covers(a, f))
        result += a + ">" + f + " ";
  return result;
}

} // namespace

TEST(SysctlOverlap, TellsWhichIsTheNarrowerOne) {
  EXPECT_EQ(told(list({"a.b"}), list({"a.c", "a.b"})), "a.b<a.b ");
  EXPECT_EQ(told(list({"a.b"}), list({"a.*", "*", "b.*"})), "a.b<a.* a.b<* ");
  EXPECT_EQ(told(list({"a.*"}), list({"a.b", "b", "a.c.*"})),
            "a.*>a.b a.*>a.c.* ");
  EXPECT_EQ(told(list({}), list({"*"})), "");
}

TEST(SysctlOverlap, FindsTheSameAsComparingEachWithEach) {
  std::mt19937 random{1};
  auto word = [&] {
    std::string result;
    for (auto n = random() % 4; n > 0; --n)
      result += static_cast<char>('a' + random() % 2);
    return result + (random() % 3 == 0 ? "*" : "");
  };
  for (int round = 0; round < 300; ++round) {
    words allowed;
    words forbidden;
    for (auto n = random() % 6; n > 0; --n)
      *allowed.Add() = word();
    for (auto n = random() % 6; n > 0; --n)
      *forbidden.Add() = word();
    EXPECT_EQ(told(allowed, forbidden), told_slowly(allowed, forbidden));
  }
}

TEST(SysctlOverlap, IsBoundedForLongLists) {
  words allowed;
  words forbidden;
  for (int i = 0; i < 100'000; ++i) {
    *allowed.Add() = "a." + std::to_string(i);
    *forbidden.Add() = "b." + std::to_string(i);
  }
  EXPECT_TRUE(overlaps_of(allowed, forbidden, 1000).empty());
  *forbidden.Add() = "a.*";
  EXPECT_EQ(overlaps_of(allowed, forbidden, 1000).size(), 1000u);
}

} // namespace troupe::rules
