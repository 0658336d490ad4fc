#include "tests/actors/system/view_fixture.hpp"

namespace troupe {

namespace {

constexpr int many = 300;

call::Request list_request() {
  call::Request msg;
  msg.set_verb(call::LIST);
  return msg;
}

} // namespace

struct ViewParsed : view_fixture {
  void fill() {
    for (int i = 0; i < many; ++i)
      put_map("m" + std::to_string(i), "1");
  }

  std::vector<object> held() const {
    std::vector<object> result;
    for (auto& [key, x] : state().objects)
      result.push_back(x);
    return result;
  }

  /// How many of them the view has no hold on any more.
  size_t let_go(const std::vector<object>& before) const {
    auto now = held();
    size_t result = 0;
    for (size_t i = 0; i < before.size(); ++i)
      result += now[i].same_cell(before[i]) ? 0 : 1;
    return result;
  }
};

TEST_F(ViewParsed, LetsGoOfWhatWasParsedAfterAWhile) {
  fill();
  auto before = held();
  ASSERT_EQ(before.size(), size_t{many});
  advance(std::chrono::milliseconds(500));
  EXPECT_EQ(let_go(before), 0u);
  advance(std::chrono::seconds(2));
  EXPECT_EQ(let_go(before), size_t{many});
  auto now = held();
  for (size_t i = 0; i < now.size(); ++i) {
    EXPECT_TRUE(now[i].same_content(before[i]));
    EXPECT_EQ(now[i].revision(), before[i].revision());
    EXPECT_EQ(&now[i].bytes(), &before[i].bytes());
  }
}

TEST_F(ViewParsed, DoesNothingWhenNothingWasLookedAt) {
  fill();
  advance(std::chrono::seconds(10));
  auto before = held();
  put_map("m0", "2");
  auto after = held();
  advance(std::chrono::seconds(60));
  EXPECT_EQ(let_go(after), 0u);
  EXPECT_EQ(state().tidies, false);
}

TEST_F(ViewParsed, KeepsWhatIsAskedForForAWhile) {
  fill();
  advance(std::chrono::seconds(10));
  auto before = held();
  ASSERT_TRUE(read(list_request()));
  EXPECT_EQ(let_go(before), 0u);
  advance(std::chrono::seconds(4));
  EXPECT_EQ(let_go(before), size_t{many});
}

TEST_F(ViewParsed, TellsReadersTheSameAsBefore) {
  fill();
  auto reader = follow();
  take_all(reader);
  advance(std::chrono::seconds(10));
  reader.heard->clear();
  reader.taken = 0;
  delete_map("m1");
  EXPECT_EQ(reader.told(), "-m1=1");
  auto late = follow(std::to_string(state().revision - 1));
  EXPECT_EQ(late.told(), "-m1=1");
}

} // namespace troupe
