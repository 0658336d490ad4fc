// The message types whose JSON is not an object of their fields.

#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/text/duration.hpp"
#include "runtime/text/message_reader.hpp"
#include "runtime/text/quantity.hpp"
#include "runtime/text/timestamp.hpp"

#include <google/protobuf/descriptor.h>

#include <limits>

namespace troupe::text {

namespace pb_ = google::protobuf;

namespace {

const pb_::FieldDescriptor* field_of(const pb_::Message& msg, int number) {
  return msg.GetDescriptor()->FindFieldByNumber(number);
}

/// Kubernetes: space around a quantity is no part of it.
std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n\v\f";
  auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

} // namespace

bool message_reader::read_quantity(Message& msg) {
  std::string_view number;
  if (in_.peek() == json_type::number) {
    if (!in_.read_number(number))
      return false;
    scratch_ = number;
  } else if (!take_string(scratch_, "quantity")) {
    return false;
  }
  auto kept = quantity::kept_text(trimmed(scratch_));
  if (!kept)
    return refuse(message_of(kept.error()));
  scratch_ = std::move(*kept);
  msg.GetReflection()->SetString(&msg, field_of(msg, 1), scratch_);
  return true;
}

bool message_reader::read_time(Message& msg, bool micro) {
  if (!take_string(scratch_, "time"))
    return false;
  auto parsed = parse_timestamp(scratch_);
  if (!parsed)
    return refuse(message_of(parsed.error()));
  auto& r = *msg.GetReflection();
  r.SetInt64(&msg, field_of(msg, 1), parsed->seconds);
  if (micro)
    r.SetInt32(&msg, field_of(msg, 2), parsed->nanos / 1000 * 1000);
  return true;
}

bool message_reader::read_duration(Message& msg) {
  if (!take_string(scratch_, "duration"))
    return false;
  auto parsed = parse_duration(scratch_);
  if (!parsed)
    return refuse(message_of(parsed.error()));
  msg.GetReflection()->SetInt64(&msg, field_of(msg, 1), parsed->count());
  return true;
}

bool message_reader::read_int_or_string(Message& msg) {
  auto& target = static_cast<meta::v1::IntOrString&>(msg);
  if (in_.peek() == json_type::string) {
    target.set_type(1);
    return in_.read_string(*target.mutable_str_val());
  }
  if (in_.peek() != json_type::number)
    return mismatch("integer or string");
  int64_t value = 0;
  if (!take_integer(value, std::numeric_limits<int32_t>::min(),
                    std::numeric_limits<int32_t>::max()))
    return false;
  target.set_int_val(static_cast<int32_t>(value));
  return true;
}

bool message_reader::read_raw(Message& msg) {
  std::string raw;
  if (!in_.copy_compact(raw))
    return false;
  msg.GetReflection()->SetString(&msg, field_of(msg, 1), std::move(raw));
  return true;
}

bool message_reader::read_strings(Message& msg, int number) {
  if (in_.peek() != json_type::array)
    return mismatch("list of strings");
  if (!in_.enter_array())
    return false;
  auto* d = field_of(msg, number);
  std::string str;
  for (int i = 0; in_.next_element(); ++i) {
    step in_element{*this, {{}, i}};
    value_at_ = in_.offset();
    if (!take_string(str))
      return false;
    msg.GetReflection()->AddString(&msg, d, str);
  }
  return !in_.failed();
}

bool message_reader::read_schema_or(Message& msg, const message_info& info,
                                    int level) {
  auto& r = *msg.GetReflection();
  auto first = in_.peek();
  auto schema_number = info.form == api::SCHEMA_OR_BOOL ? 2 : 1;
  auto& schema = *info.find(schema_number);
  if (first == json_type::object) {
    if (info.form == api::SCHEMA_OR_BOOL)
      r.SetBool(&msg, field_of(msg, 1), true);
    return read_message(*r.MutableMessage(&msg, schema.descriptor),
                        *schema.type(), level + 1);
  }
  if (info.form == api::SCHEMA_OR_BOOL) {
    bool allows = false;
    if (first != json_type::boolean)
      return mismatch("schema, true or false");
    if (!in_.read_boolean(allows))
      return false;
    r.SetBool(&msg, field_of(msg, 1), allows);
    return true;
  }
  if (first != json_type::array)
    return mismatch("schema or list");
  if (info.form == api::SCHEMA_OR_STRINGS)
    return read_strings(msg, 2);
  return read_list(msg, *info.find(2), level);
}

} // namespace troupe::text
