#include "tests/actors/system/view_fixture.hpp"

namespace troupe {

namespace {

call::Request list_request(const std::string& version = {},
                           const std::string& match = {}, int64_t limit = 0) {
  call::Request msg;
  msg.set_verb(call::LIST);
  msg.set_resource_version(version);
  msg.set_resource_version_match(match);
  msg.set_limit(limit);
  return msg;
}

std::string str(uint64_t revision) {
  return std::to_string(revision);
}

} // namespace

struct ViewList : view_fixture {
  /// "a=1 b=2 @5 next left=3", or "Reason: message".
  std::string shown(const call::Request& msg) {
    auto page = read(msg);
    if (!page)
      return to_status(page.error()).reason() + ": " + message_of(page.error());
    token = page->first.continue_token();
    std::string result;
    for (auto& x : page->second)
      result +=
          x.name() + "=" + x.as<core::v1::ConfigMap>().data().at("v") + " ";
    result += "@" + str(page->first.revision());
    if (!token.empty())
      result += " next";
    if (page->first.has_remaining())
      result += " left=" + std::to_string(page->first.remaining());
    return result;
  }

  std::string next(call::Request msg) {
    msg.clear_resource_version();
    msg.clear_resource_version_match();
    msg.set_continue_token(token);
    return shown(msg);
  }

  /// More changes than the view keeps.
  uint64_t forget() {
    uint64_t last = 0;
    for (int i = 0; i < 2'100; ++i)
      last = put_map("z", std::to_string(i), "noise", "other");
    return last;
  }

  std::string token;
};

TEST_F(ViewList, ShowsTheNewest) {
  put_map("a", "1");
  auto last = put_map("b", "1");
  EXPECT_EQ(shown(list_request()), "a=1 b=1 @" + str(last));
  EXPECT_EQ(shown(list_request("0")), "a=1 b=1 @" + str(last));
}

TEST_F(ViewList, EndsAPageOfLargeObjectsBeforeItsLimit) {
  std::string large(400'000, 'x');
  for (auto name : {"a", "b", "c", "d", "e", "f", "g"})
    put_map(name, large);
  auto msg = list_request({}, {}, 500);
  std::vector<size_t> sizes;
  do {
    auto page = read(msg);
    ASSERT_TRUE(page) << message_of(page.error());
    sizes.push_back(page->second.size());
    msg.set_continue_token(page->first.continue_token());
  } while (!msg.continue_token().empty());
  EXPECT_EQ(sizes, (std::vector<size_t>{3, 3, 1}));
  auto all = read(list_request());
  ASSERT_TRUE(all);
  EXPECT_EQ(all->second.size(), 7u);
}

TEST_F(ViewList, ShowsAnOlderRevisionExactly) {
  auto one = put_map("a", "1");
  auto two = put_map("b", "1");
  auto three = put_map("a", "2");
  auto four = delete_map("b");
  auto five = put_map("c", "1");
  auto check = [&] {
    EXPECT_EQ(shown(list_request(str(one), "Exact")), "a=1 @" + str(one));
    EXPECT_EQ(shown(list_request(str(two), "Exact")), "a=1 b=1 @" + str(two));
    EXPECT_EQ(shown(list_request(str(three), "Exact")),
              "a=2 b=1 @" + str(three));
    EXPECT_EQ(shown(list_request(str(four), "Exact")), "a=2 @" + str(four));
    EXPECT_EQ(shown(list_request(str(five), "Exact")), "a=2 c=1 @" + str(five));
  };
  check();
  forget(); // from the store from now on
  check();
  compact(three);
  EXPECT_EQ(shown(list_request(str(two), "Exact")),
            "Expired: The resourceVersion for the provided list is too old.");
  EXPECT_EQ(shown(list_request(str(three), "Exact")), "a=2 b=1 @" + str(three));
}

TEST_F(ViewList, NotOlderThanWaitsForNothingThatIsThere) {
  put_map("a", "1");
  auto last = put_map("a", "2");
  EXPECT_EQ(shown(list_request("2", "NotOlderThan")), "a=2 @" + str(last));
  EXPECT_EQ(shown(list_request(str(last + 5), "NotOlderThan")),
            "Timeout: Timeout: Too large resource version: " + str(last + 5)
                + ", current: " + str(last));
  EXPECT_EQ(shown(list_request(str(last + 5), "Exact")),
            "Timeout: Timeout: Too large resource version: " + str(last + 5)
                + ", current: " + str(last));
}

TEST_F(ViewList, PagesShowOneRevision) {
  for (auto name : {"a", "b", "c", "d", "e"})
    put_map(name, "1");
  auto first = list_request({}, {}, 2);
  for (bool from_store : {false, true}) {
    auto page = shown(first);
    auto at = page.substr(page.find('@'));
    at = at.substr(0, at.find(' '));
    EXPECT_EQ(page, "a=1 b=1 " + at + " next left=" + (from_store ? "4" : "3"));
    auto begun = token;
    delete_map("c");
    put_map("d", "2");
    put_map("ab", "1");
    if (from_store)
      forget();
    token = begun;
    EXPECT_EQ(next(first),
              "c=1 d=1 " + at + " next left=" + (from_store ? "2" : "1"));
    if (from_store) {
      EXPECT_EQ(next(first), "e=1 z=0 " + at);
      return;
    }
    EXPECT_EQ(next(first), "e=1 " + at);
    // As it was, and one of another namespace.
    delete_map("ab");
    put_map("c", "1");
    put_map("d", "1");
    put_map("z", "0", "web", "other");
  }
}

TEST_F(ViewList, CountsWhatIsLeftOnlyWhereNothingSelects) {
  for (auto name : {"a", "b", "c", "d"})
    put_map(name, "1", name == std::string{"c"} ? "db" : "web");
  put_map("x", "1", "web", "other");
  auto msg = list_request({}, {}, 2);
  msg.set_namespace_("default");
  EXPECT_EQ(shown(msg), "a=1 b=1 @6 next left=2");
  msg.set_label_selector("app=web");
  EXPECT_EQ(shown(msg), "a=1 b=1 @6 next");
  EXPECT_EQ(next(msg), "d=1 @6");
}

TEST_F(ViewList, ReadsPagesOfHistoryFromTheStore) {
  auto first = put_map("a", "1");
  for (auto name : {"b", "c", "d"})
    first = put_map(name, "1");
  forget();
  auto msg = list_request(str(first), {}, 3);
  EXPECT_EQ(shown(msg), "a=1 b=1 c=1 @" + str(first) + " next left=1");
  EXPECT_EQ(next(msg), "d=1 @" + str(first));
}

TEST_F(ViewList, TellsThatATokenIsTooOld) {
  for (auto name : {"a", "b", "c"})
    put_map(name, "1");
  auto msg = list_request({}, {}, 1);
  shown(msg);
  auto last = forget();
  compact(last - 10);
  auto answer = next(msg);
  EXPECT_TRUE(answer.starts_with(
      "Expired: The provided continue parameter is too old to display a "
      "consistent list result. You can start a new list without the continue "
      "parameter, or use the continue token in this response"))
      << answer;
}

TEST_F(ViewList, RefusesOptionsThatDoNotGoTogether) {
  auto last = put_map("a", "1");
  auto prefix = std::string{"Invalid: ListOptions.meta.k8s.io \"\" is "
                            "invalid: "};
  EXPECT_EQ(shown(list_request({}, "Exact")),
            prefix
                + "resourceVersionMatch: Forbidden: resourceVersionMatch is "
                  "forbidden unless resourceVersion is provided");
  EXPECT_EQ(shown(list_request("0", "Exact")),
            prefix
                + "resourceVersionMatch: Forbidden: resourceVersionMatch "
                  "\"exact\" is forbidden for resourceVersion \"0\"");
  auto both = list_request(str(last));
  both.set_continue_token("abc");
  EXPECT_EQ(shown(both), "BadRequest: specifying resource version is not "
                         "allowed when using continue");
  EXPECT_EQ(shown(list_request({}, {}, -1)),
            prefix
                + "limit: Invalid value: -1: must be greater than or equal "
                  "to 0");
  EXPECT_EQ(shown(list_request("abc")),
            "BadRequest: resourceVersion: Invalid value: \"abc\": "
            "strconv.ParseUint: parsing \"abc\": invalid syntax");
}

} // namespace troupe
