#include "runtime/text/restore_problem.hpp"

#include "messages/fields.hpp"

#include <google/protobuf/descriptor.h>
#include <nlohmann/json.hpp>

#include <string_view>

namespace troupe::text {

namespace {

using google::protobuf::FieldDescriptor;

/// What Go calls a value of JSON.
std::string_view kind_of_value(const document& value) {
  if (value.is_object())
    return "map";
  if (value.is_array())
    return "slice";
  if (value.is_string())
    return "string";
  if (value.is_boolean())
    return "bool";
  return value.is_number_integer() ? "int64" : "float64";
}

std::string unlike(std::string_view wanted, const document& value) {
  return ("cannot restore " + std::string{wanted} + " from ")
      .append(kind_of_value(value));
}

/// What Go calls a scalar; "" for what it reads in ways of its own.
std::string_view kind_of_scalar(const FieldDescriptor& field) {
  if (field.type() == FieldDescriptor::TYPE_BYTES)
    return {};
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return "string";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "bool";
    case FieldDescriptor::CPPTYPE_INT32:
      return "int32";
    case FieldDescriptor::CPPTYPE_INT64:
      return "int64";
    default:
      return {};
  }
}

std::string scalar_problem(const FieldDescriptor& field,
                           const document& value) {
  auto kind = kind_of_scalar(field);
  auto fits = kind == "string" ? value.is_string()
              : kind == "bool" ? value.is_boolean()
                               : value.is_number();
  if (kind.empty() || fits)
    return {};
  // Go makes texts of whole numbers, but not here.
  if (kind == "string" && value.is_number_integer())
    return "cannot convert int64 to string";
  return ("unrecognized type: " + std::string{kind});
}

std::string value_problem(const field_info& field, const FieldDescriptor& what,
                          const document& value) {
  if (value.is_null())
    return {};
  if (auto* type = field.type())
    return restore_problem(*type, value);
  return scalar_problem(what, value);
}

std::string map_problem(const field_info& field, const document& value) {
  if (!value.is_object())
    return unlike("map", value);
  auto& what = *field.descriptor->message_type()->map_value();
  for (auto& [name, each] : value.items())
    if (auto found = value_problem(field, what, each); !found.empty())
      return found;
  return {};
}

std::string list_problem(const field_info& field, const document& value) {
  if (!value.is_array())
    return unlike("slice", value);
  for (auto& each : value)
    if (auto found = value_problem(field, *field.descriptor, each);
        !found.empty())
      return found;
  return {};
}

} // namespace

std::string restore_problem(const message_info& type, const document& value) {
  if (type.form != api::OBJECT)
    return {};
  if (!value.is_object())
    return unlike("struct", value)
        .insert(sizeof("cannot restore struct from") - 1, ":");
  for (auto& [name, each] : value.items()) {
    auto* member = type.member(name);
    if (member == nullptr || each.is_null())
      continue;
    auto& field = *member->field;
    auto found = field.descriptor->is_map() ? map_problem(field, each)
                 : field.descriptor->is_repeated()
                     ? list_problem(field, each)
                     : value_problem(field, *field.descriptor, each);
    if (!found.empty())
      return found;
  }
  return {};
}

} // namespace troupe::text
