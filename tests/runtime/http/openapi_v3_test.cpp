#include "runtime/http/openapi.hpp"

#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <memory>

namespace troupe::http {

namespace {

using google::protobuf::UnknownFieldSet;
using nlohmann::json;

/// How a member of a document travels in gnostic's openapi.v3 messages. Written
/// anew here, the other way round: what has no row is seen to be lost.
enum class form : uint8_t {
  text,
  texts,  ///< repeated
  truth,  ///< false is left out
  one,    ///< a message
  many,   ///< repeated
  named,  ///< a message of pairs
  in_one, ///< a message with nothing but what is meant
};

struct member {
  const char* name;
  form how;
  const char* type = ""; ///< of the message
};

using members = std::map<int, member>;

/// By type; those that may be references have a '?'.
const std::map<std::string, members> types{
    {"Document",
     {{1, {"openapi", form::text}},
      {2, {"info", form::one, "Info"}},
      {4, {"paths", form::named, "PathItem"}},
      {5, {"components", form::one, "Components"}}}},
    {"Info", {{1, {"title", form::text}}, {6, {"version", form::text}}}},
    {"Components", {{1, {"schemas", form::named, "Schema?"}}}},
    {"PathItem",
     {{4, {"get", form::one, "Operation"}},
      {5, {"put", form::one, "Operation"}},
      {6, {"post", form::one, "Operation"}},
      {7, {"delete", form::one, "Operation"}},
      {10, {"patch", form::one, "Operation"}},
      {13, {"parameters", form::many, "Parameter?"}}}},
    {"Operation",
     {{5, {"operationId", form::text}},
      {6, {"parameters", form::many, "Parameter?"}},
      {7, {"requestBody", form::one, "RequestBody?"}},
      {8, {"responses", form::named, "Response?"}}}},
    {"Parameter",
     {{1, {"name", form::text}},
      {2, {"in", form::text}},
      {4, {"required", form::truth}},
      {10, {"schema", form::one, "Schema?"}}}},
    {"RequestBody",
     {{2, {"content", form::named, "MediaType"}},
      {3, {"required", form::truth}}}},
    {"Response",
     {{1, {"description", form::text}},
      {3, {"content", form::named, "MediaType"}}}},
    {"MediaType", {{1, {"schema", form::one, "Schema?"}}}},
    {"Schema",
     {{1, {"nullable", form::truth}},
      {20, {"uniqueItems", form::truth}},
      {23, {"required", form::texts}},
      {25, {"type", form::text}},
      {26, {"allOf", form::many, "Schema?"}},
      {27, {"oneOf", form::many, "Schema?"}},
      {28, {"anyOf", form::many, "Schema?"}},
      {30, {"items", form::in_one, "Schema?"}},
      {31, {"properties", form::named, "Schema?"}},
      {32, {"additionalProperties", form::in_one, "Schema?"}},
      {34, {"description", form::text}},
      {35, {"format", form::text}}}},
};

/// The number of the extensions of a type.
const std::map<std::string, int> extensions{{"Operation", 13}, {"Schema", 36}};

std::unique_ptr<UnknownFieldSet> parsed(const std::string& bytes) {
  auto result = std::make_unique<UnknownFieldSet>();
  EXPECT_TRUE(result->ParseFromString(bytes));
  return result;
}

std::string bytes_at(const UnknownFieldSet& set, int number) {
  for (int i = 0; i < set.field_count(); ++i)
    if (set.field(i).number() == number)
      return set.field(i).length_delimited();
  return {};
}

json decoded(const std::string& type, const std::string& bytes);

/// What is meant itself = 1, or a reference to it = 2.
json either(const std::string& type, const std::string& bytes) {
  if (type.back() != '?')
    return decoded(type, bytes);
  auto set = parsed(bytes);
  if (set->field_count() == 1 && set->field(0).number() == 2)
    return {{"$ref", bytes_at(*parsed(bytes_at(*set, 2)), 1)}};
  return decoded(type.substr(0, type.size() - 1), bytes_at(*set, 1));
}

/// Of all that has names, the number of a pair differs: those of responses
/// follow the one for all others.
json all_named(const std::string& type, const std::string& bytes) {
  auto result = json::object();
  auto set = parsed(bytes);
  for (int i = 0; i < set->field_count(); ++i) {
    EXPECT_EQ(set->field(i).number(), type == "Response?" ? 2 : 1);
    auto pair = parsed(set->field(i).length_delimited());
    result[bytes_at(*pair, 1)] = either(type, bytes_at(*pair, 2));
  }
  return result;
}

void take(json& out, const member& m,
          const google::protobuf::UnknownField& field) {
  if (m.how == form::truth) {
    out[m.name] = field.varint() != 0;
    return;
  }
  auto& bytes = field.length_delimited();
  switch (m.how) {
    case form::texts:
      out[m.name].push_back(bytes);
      break;
    case form::one:
      out[m.name] = either(m.type, bytes);
      break;
    case form::many:
      out[m.name].push_back(either(m.type, bytes));
      break;
    case form::named:
      out[m.name] = all_named(m.type, bytes);
      break;
    case form::in_one:
      out[m.name] = either(m.type, bytes_at(*parsed(bytes), 1));
      break;
    default:
      out[m.name] = bytes;
  }
}

json decoded(const std::string& type, const std::string& bytes) {
  auto result = json::object();
  auto set = parsed(bytes);
  auto& known = types.at(type);
  auto others = extensions.find(type);
  for (int i = 0; i < set->field_count(); ++i) {
    auto& field = set->field(i);
    auto row = known.find(field.number());
    if (row != known.end())
      take(result, row->second, field);
    else if (others != extensions.end() && field.number() == others->second)
      // Travels as YAML, which another test reads; here it is enough that it
      // is there.
      result[bytes_at(*parsed(field.length_delimited()), 1)] = "x";
    else
      ADD_FAILURE() << type << " has no field " << field.number();
  }
  return result;
}

/// The document without what Protobuf does not tell apart. What the user names
/// may begin like an extension.
json comparable(const json& in, bool names) {
  if (in.is_array()) {
    auto result = json::array();
    for (auto& each : in)
      result.push_back(comparable(each, false));
    return result;
  }
  if (!in.is_object())
    return in;
  auto result = json::object();
  for (auto& [name, value] : in.items()) {
    if (!names && name.starts_with("x-"))
      result[name] = "x";
    else if (value != false && value != json::array())
      result[name] = comparable(value, !names && name == "properties");
  }
  return result;
}

/// Where two documents differ first, as a patch.
std::string difference(const json& wanted, const json& got) {
  auto all = json::diff(wanted, got);
  return all.empty() ? "" : all.front().dump();
}

std::string shortened(std::string text) {
  return text.size() > 600 ? text.substr(0, 600) + "..." : text;
}

} // namespace

TEST(OpenApiV3, LosesNoMemberInProtobuf) {
  auto index = json::parse(openapi_v3_index().bytes);
  ASSERT_GT(index["paths"].size(), 20u);
  size_t documents = 0;
  for (auto& [which, where] : index["paths"].items()) {
    auto* plain = openapi_v3_document(which);
    auto* bytes = openapi_v3_protobuf(which);
    ASSERT_TRUE(plain && bytes) << which;
    auto wanted = comparable(json::parse(plain->bytes), false);
    EXPECT_EQ(shortened(difference(wanted, decoded("Document", bytes->bytes))),
              "")
        << which;
    ++documents;
  }
  EXPECT_EQ(documents, index["paths"].size());
}

} // namespace troupe::http
