#include "actors/controllers/owned_index.hpp"
#include "actors/controllers/shown.hpp"
#include "tests/support/cluster_objects.hpp"

#include <gtest/gtest.h>

using namespace troupe;

namespace {

object at(const std::string& name, uint64_t revision,
          const std::string& uid = "") {
  auto pod = test::pod(name);
  if (!uid.empty())
    pod.mutable_metadata()->set_uid(uid);
  return object::of(pod).with_revision(revision);
}

changes batch(uint64_t revision, std::vector<change> items, bool reset = false,
              bool complete = false) {
  changes result;
  result.revision = revision;
  result.items = std::move(items);
  result.reset = reset;
  result.complete = complete;
  return result;
}

struct listener {
  std::vector<std::string> heard;
  shown view;

  void apply(const changes& what) {
    view.apply(what, [this](const object& before, const object& now) {
      auto word = !before ? "+" : !now ? "-" : "~";
      heard.push_back(word + (now ? now : before).name());
    });
  }

  std::vector<std::string> take() { return std::exchange(heard, {}); }
};

using words = std::vector<std::string>;

} // namespace

TEST(Shown, TellsWhatIsAddedChangedAndDeleted) {
  listener l;
  l.apply(batch(2, {{change_type::added, at("a", 1)}}, true, true));
  EXPECT_TRUE(l.view.complete());
  l.apply(batch(3, {{change_type::modified, at("a", 3)}}));
  l.apply(batch(4, {{change_type::deleted, at("a", 4)}}));
  EXPECT_EQ(l.take(), (words{"+a", "~a", "-a"}));
  EXPECT_EQ(l.view.revision(), 4u);
}

TEST(Shown, ToldAnewItDropsWhatIsNotToldAgain) {
  listener l;
  l.apply(batch(
      2, {{change_type::added, at("a", 1)}, {change_type::added, at("b", 2)}},
      true, true));
  l.take();
  l.apply(batch(0, {}, true));
  EXPECT_FALSE(l.view.complete());
  l.apply(batch(5, {{change_type::added, at("b", 2)}}, false, true));
  EXPECT_EQ(l.take(), words{"-a"}) << "b is as it was";
  EXPECT_FALSE(l.view.find("default/a"));
}

TEST(Shown, AnObjectMadeAnewIsAnotherOne) {
  listener l;
  l.apply(batch(1, {{change_type::added, at("a", 1)}}, true, true));
  l.take();
  l.apply(batch(3, {{change_type::added, at("a", 3, "other")}}));
  EXPECT_EQ(l.take(), (words{"-a", "+a"}));
}

TEST(OwnedIndex, MovesObjectsBetweenOwners) {
  owned_index index;
  auto set = object::of(test::replica_set());
  auto orphan = object::of(test::pod("a"));
  index.change({}, orphan);
  EXPECT_EQ(index.orphans("default").size(), 1u);
  auto pod = test::pod("a");
  test::own(*pod.mutable_metadata(), set);
  auto owned = object::of(pod);
  index.change(orphan, owned);
  EXPECT_TRUE(index.orphans("default").empty());
  EXPECT_EQ(index.of(set.uid()).size(), 1u);
  index.change(owned, {});
  EXPECT_TRUE(index.of(set.uid()).empty());
}
