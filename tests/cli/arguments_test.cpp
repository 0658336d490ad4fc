#include "cli/arguments.hpp"

#include <gtest/gtest.h>

namespace troupe::cli {
namespace {

TEST(MapChanges, SetAndRemove) {
  auto read = parse_map_changes({"a=b", "example.com/c=", "d-"});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->set.at("a"), "b");
  EXPECT_EQ(read->set.at("example.com/c"), "");
  EXPECT_EQ(read->remove, std::vector<std::string>{"d"});
}

TEST(MapChanges, KeepDashesAndSignsOfValues) {
  auto read = parse_map_changes({"a=b=c", "e=f-"});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->set.at("a"), "b=c");
  EXPECT_EQ(read->set.at("e"), "f-");
  EXPECT_TRUE(read->remove.empty());
}

TEST(MapChanges, RefuseWhatIsNoChange) {
  for (std::string word : {"a", "=b", "-"})
    EXPECT_FALSE(parse_map_changes({word})) << word;
  EXPECT_FALSE(parse_map_changes({"a=b", "a-"}));
}

TEST(Taint, IsReadInAllItsForms) {
  struct row {
    std::string word, key, value, effect;
    bool remove;
  };
  for (auto& r : std::vector<row>{
           {"a=b:NoSchedule", "a", "b", "NoSchedule", false},
           {"a:NoExecute", "a", "", "NoExecute", false},
           {"a=:PreferNoSchedule", "a", "", "PreferNoSchedule", false},
           {"a:NoSchedule-", "a", "", "NoSchedule", true},
           {"a=b:NoSchedule-", "a", "b", "NoSchedule", true},
           {"example.com/a-", "example.com/a", "", "", true}}) {
    auto read = parse_taint(r.word);
    ASSERT_TRUE(read) << r.word;
    EXPECT_EQ(read->key, r.key) << r.word;
    EXPECT_EQ(read->value, r.value) << r.word;
    EXPECT_EQ(read->effect, r.effect) << r.word;
    EXPECT_EQ(read->remove, r.remove) << r.word;
  }
}

TEST(Taint, RefusesUnknownEffectsAndBadKeys) {
  for (std::string word : {"a=b", "a=b:Never", "a:", ":NoSchedule",
                           "a b:NoExecute", "a=b c:NoExecute", "-", "", "a:-"})
    EXPECT_FALSE(parse_taint(word)) << word;
}

TEST(Assignment, KeepsLaterEqualSigns) {
  auto read = parse_assignment("web=reg:5000/nginx@sha256:ab=c", "image");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->first, "web");
  EXPECT_EQ(read->second, "reg:5000/nginx@sha256:ab=c");
  EXPECT_FALSE(parse_assignment("web", "image"));
  EXPECT_FALSE(parse_assignment("=nginx", "image"));
}

TEST(Labels, AreSplitAtCommas) {
  auto read = parse_labels("a=b,c=");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->size(), 2u);
  EXPECT_EQ(read->at("c"), "");
  EXPECT_FALSE(parse_labels("a=b,c"));
}

TEST(PortPair, TakesNumbersAndNamesAsTargets) {
  auto plain = parse_port_pair("80");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->port, 80);
  EXPECT_EQ(plain->target, "80");
  EXPECT_EQ(plain->name, "80");
  auto both = parse_port_pair("80:8080");
  ASSERT_TRUE(both);
  EXPECT_EQ(both->target, "8080");
  EXPECT_EQ(both->name, "80-8080");
  auto named = parse_port_pair("80:http");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->target, "http");
  for (std::string word : {"", "0", "65536", "80:", "80:70000", "x", "80x"})
    EXPECT_FALSE(parse_port_pair(word)) << word;
}

TEST(ContainerName, IsTheLastSegmentOfTheImage) {
  EXPECT_EQ(container_name("nginx"), "nginx");
  EXPECT_EQ(container_name("reg:5000/a/Web_App:1.2"), "web-app");
  EXPECT_EQ(container_name("a/b@sha256:0123"), "b");
  EXPECT_EQ(container_name("a/"), "");
}

TEST(FileSource, TakesItsKeyFromTheFile) {
  EXPECT_EQ(parse_file_source("dir/a.txt")->first, "a.txt");
  EXPECT_EQ(parse_file_source("k=dir/a.txt")->first, "k");
  EXPECT_EQ(parse_file_source("k=dir/a.txt")->second, "dir/a.txt");
  EXPECT_FALSE(parse_file_source("k="));
  EXPECT_FALSE(parse_file_source("=a"));
}

TEST(EnvLines, LeaveOutCommentsAndEmptyLines) {
  auto read = parse_env_lines("# c\n\nA=1\r\n  B=x=y\n", "f");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->size(), 2u);
  EXPECT_EQ(read->at("A"), "1");
  EXPECT_EQ(read->at("B"), "x=y");
  EXPECT_FALSE(parse_env_lines("=1\n", "f"));
}

} // namespace
} // namespace troupe::cli
