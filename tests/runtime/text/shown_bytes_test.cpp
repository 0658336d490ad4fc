#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "messages/kinds.hpp"
#include "random_message.hpp"
#include "runtime/text/shown_bytes.hpp"

#include <gtest/gtest.h>

namespace troupe::text {
namespace {

void check(const object& x) {
  EXPECT_EQ(shown_bytes(x), canonical_bytes(x.message())) << to_string(x);
  if (metadata_of(x.message()) != nullptr) {
    EXPECT_EQ(shown_metadata(x), canonical_bytes(x.meta())) << to_string(x);
  }
}

TEST(ShownBytes, AreTheMessagesOfEveryKind) {
  for (auto& kind : all_kinds())
    for (uint64_t seed = 0; seed < 8; ++seed)
      for (uint64_t revision : {0U, 7U, 123'456'789U}) {
        auto msg = kind.make();
        random_message{seed}.fill(*msg);
        if (auto* meta = mutable_metadata_of(*msg))
          meta->clear_resource_version();
        auto x = object::of(*msg);
        check(revision == 0 ? x : x.with_revision(revision));
      }
}

TEST(ShownBytes, TellTheRevisionOfWhatIsEmpty) {
  check(object::of(core::v1::ConfigMap{}).with_revision(7));
}

object stored(const std::string& bytes) {
  auto x = object::parse(kind_of<core::v1::ConfigMap>(), bytes, 7);
  EXPECT_TRUE(x);
  return x ? std::move(*x) : object{};
}

// Bytes of another hand may be in any order.
TEST(ShownBytes, TakeFieldsAsTheyCome) {
  auto name = std::string{"\x0a\x01"} + "a";              // 1
  auto space = std::string{"\x1a\x01"} + "n";             // 3
  auto version = std::string{"\x32\x01"} + "5";           // 6
  auto label = std::string{"\x5a\x06\x0a\x01k\x12\x01v"}; // 11
  auto data = std::string{"\x12\x06\x0a\x01k\x12\x01v"};  // 2, of the object
  auto metadata = [](const std::string& fields) {
    return std::string{'\x0a', static_cast<char>(fields.size())} + fields;
  };
  for (auto& fields : {name + space + label, label + name, name + version,
                       version + label, std::string{}})
    for (auto& bytes :
         {metadata(fields) + data, data + metadata(fields), metadata(fields),
          metadata(fields) + data + metadata(space)})
      check(stored(bytes));
}

} // namespace
} // namespace troupe::text
