#include "messages/codec.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace troupe {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

/// Texts that only ever name something. All others may be secret.
constexpr std::array<std::string_view, 18> naming{
    "api_version", "component", "container_id", "id",         "image",
    "ip",          "key",       "kind",         "name",       "namespace",
    "path",        "range_end", "reason",       "sandbox_id", "subresource",
    "uid",         "user",      "what"};

/// Deeper parts are details of what is named above them.
constexpr int deepest = 4;

bool is_naming(const FieldDescriptor& field) {
  return std::find(naming.begin(), naming.end(), field.name()) != naming.end();
}

void add_fields(const Message& msg, int depth, std::string& out);

/// Appends the value at `index` (-1: the only one), if it may be told.
void add_value(const Message& msg, const FieldDescriptor& field, int index,
               int depth, std::string& out) {
  auto& look = *msg.GetReflection();
  auto one = index < 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (depth < deepest) {
        out += " " + field.name() + "(";
        add_fields(one ? look.GetMessage(msg, &field)
                       : look.GetRepeatedMessage(msg, &field, index),
                   depth + 1, out);
        out += ")";
      }
      return;
    case FieldDescriptor::CPPTYPE_STRING:
      if (is_naming(field))
        out += " " + field.name() + "="
               + (one ? look.GetString(msg, &field)
                      : look.GetRepeatedString(msg, &field, index));
      return;
    case FieldDescriptor::CPPTYPE_ENUM:
      out += " "
             + (one ? look.GetEnum(msg, &field)
                    : look.GetRepeatedEnum(msg, &field, index))
                   ->name();
      return;
    case FieldDescriptor::CPPTYPE_BOOL:
      if (one ? look.GetBool(msg, &field)
              : look.GetRepeatedBool(msg, &field, index))
        out += " " + field.name();
      return;
    case FieldDescriptor::CPPTYPE_INT32:
      out += " " + field.name() + "="
             + std::to_string(one ? look.GetInt32(msg, &field)
                                  : look.GetRepeatedInt32(msg, &field, index));
      return;
    case FieldDescriptor::CPPTYPE_INT64:
      out += " " + field.name() + "="
             + std::to_string(one ? look.GetInt64(msg, &field)
                                  : look.GetRepeatedInt64(msg, &field, index));
      return;
    case FieldDescriptor::CPPTYPE_UINT32:
      out += " " + field.name() + "="
             + std::to_string(one ? look.GetUInt32(msg, &field)
                                  : look.GetRepeatedUInt32(msg, &field, index));
      return;
    case FieldDescriptor::CPPTYPE_UINT64:
      out += " " + field.name() + "="
             + std::to_string(one ? look.GetUInt64(msg, &field)
                                  : look.GetRepeatedUInt64(msg, &field, index));
      return;
    default:
      return;
  }
}

void add_fields(const Message& msg, int depth, std::string& out) {
  std::vector<const FieldDescriptor*> fields;
  msg.GetReflection()->ListFields(msg, &fields);
  for (auto* field : fields) {
    // Users fill maps; their order differs from run to run.
    if (field->is_map())
      continue;
    if (!field->is_repeated())
      add_value(msg, *field, -1, depth, out);
    else
      for (int i = 0; i < msg.GetReflection()->FieldSize(msg, field); ++i)
        add_value(msg, *field, i, depth, out);
  }
}

} // namespace

std::string type_and_key(const Message& msg) {
  std::string fields;
  add_fields(msg, 0, fields);
  auto result = std::string{msg.GetTypeName()};
  constexpr std::string_view ours = "troupe.";
  if (result.rfind(ours, 0) == 0)
    result.erase(0, ours.size());
  return fields.empty() ? result : result + "(" + fields.substr(1) + ")";
}

} // namespace troupe
