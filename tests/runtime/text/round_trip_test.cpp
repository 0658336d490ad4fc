#include "messages/kinds.hpp"
#include "messages/object.hpp"
#include "random_message.hpp"
#include "runtime/text/document.hpp"
#include "runtime/text/json_reader.hpp"
#include "runtime/text/json_writer.hpp"
#include "runtime/text/yaml_reader.hpp"
#include "runtime/text/yaml_writer.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::text {
namespace {

read_options wide_open() {
  read_options options;
  options.max_bytes = 64 << 20;
  return options;
}

TEST(RoundTrip, EveryKindSurvivesJsonAndYaml) {
  for (auto& kind : all_kinds())
    for (uint64_t seed = 0; seed < 8; ++seed) {
      auto msg = kind.make();
      random_message{seed}.fill(*msg);
      std::vector<std::string> findings;
      auto json = to_json(*msg);
      auto back = kind.make();
      auto err = read_json(json, *back, wide_open(), &findings);
      ASSERT_FALSE(err) << kind.kind << " seed " << seed << ": "
                        << message_of(err) << "\n"
                        << json;
      EXPECT_TRUE(canonical_equal(*msg, *back))
          << kind.kind << " seed " << seed << "\n"
          << json << "\n"
          << to_json(*back);
      auto yaml = to_yaml(*msg);
      auto again = kind.make();
      err = read_yaml(yaml, *again, wide_open(), &findings);
      ASSERT_FALSE(err) << kind.kind << " seed " << seed << ": "
                        << message_of(err) << "\n"
                        << yaml;
      EXPECT_TRUE(canonical_equal(*msg, *again))
          << kind.kind << " seed " << seed << "\n"
          << yaml;
      EXPECT_TRUE(findings.empty()) << findings[0];
    }
}

TEST(RoundTrip, EveryObjectSurvivesItsDocument) {
  for (auto& kind : all_kinds()) {
    auto msg = kind.make();
    random_message{42}.fill(*msg);
    if (auto* meta = mutable_metadata_of(*msg))
      meta->set_resource_version("77");
    auto x = object::of(*msg);
    auto back = from_document(to_document(x), wide_open());
    ASSERT_TRUE(back) << kind.kind << ": " << message_of(back.error());
    EXPECT_TRUE(back->same_content(x)) << kind.kind;
    EXPECT_EQ(back->revision(), x.revision());
  }
}

TEST(RoundTrip, DocumentsOfAnyStringsSurviveYaml) {
  random_message random{7};
  for (int i = 0; i < 500; ++i) {
    document doc = document::object();
    for (int j = 0; j < 6; ++j) {
      auto& value = doc["k" + random.text()];
      value["text"] = random.text() + random.text() + random.text();
      value["list"] = {random.text(),
                       nullptr,
                       true,
                       5,
                       1.5,
                       document::array(),
                       document::object(),
                       document::array({document::array({1, "2"})})};
    }
    auto yaml = print_yaml(doc);
    auto back = parse_yaml(yaml);
    ASSERT_TRUE(back) << message_of(back.error()) << "\n" << yaml;
    EXPECT_EQ(*back, doc) << yaml;
    auto pretty = parse_json(print_pretty_json(doc));
    ASSERT_TRUE(pretty);
    EXPECT_EQ(*pretty, doc);
  }
}

/// Changes a few bytes, or repeats or drops a piece.
void mutate(std::string& text, random_message& random) {
  static const char bytes[] = "{}[]\",:\\ntf0-e.&*#|>'!%@\n \x00\xff\xc3";
  for (auto n = 1 + random.below(4); n > 0 && !text.empty(); --n) {
    auto at = random.below(text.size());
    auto length = random.below(std::min<uint64_t>(text.size() - at, 16) + 1);
    switch (random.below(4)) {
      case 0:
        text[at] = bytes[random.below(sizeof(bytes) - 1)];
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(at, length));
        break;
      default:
        text.insert(at, 1, bytes[random.below(sizeof(bytes) - 1)]);
    }
  }
}

TEST(RoundTrip, MutatedInputIsReadOrRefusedWithAReason) {
  auto& kinds = all_kinds();
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    random_message random{seed};
    auto& kind = kinds[random.below(kinds.size())];
    auto msg = kind.make();
    random.fill(*msg, 3);
    auto is_yaml = seed % 3 == 0;
    auto text = is_yaml ? to_yaml(*msg) : to_json(*msg);
    mutate(text, random);
    std::vector<std::string> findings;
    if (is_yaml) {
      auto result = read_yaml(text, {}, &findings);
      EXPECT_TRUE(result || !message_of(result.error()).empty());
    } else {
      auto result = read_json(text, {}, &findings);
      EXPECT_TRUE(result || !message_of(result.error()).empty());
      if (result) {
        auto back = read_json(to_json(*result));
        ASSERT_TRUE(back) << text << "\n" << to_json(*result);
        EXPECT_TRUE(back->same_content(*result)) << text;
      }
      auto tree = parse_json(text);
      EXPECT_TRUE(tree || !message_of(tree.error()).empty());
    }
  }
}

} // namespace
} // namespace troupe::text
