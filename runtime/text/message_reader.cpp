#include "runtime/text/message_reader.hpp"

#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "messages/object.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <limits>
#include <map>

namespace troupe::text {

namespace {

using descriptor_type = google::protobuf::FieldDescriptor;

// Protobuf's own parser refuses messages within messages beyond 100.
constexpr int max_levels = 90;

constexpr int64_t int32_low = std::numeric_limits<int32_t>::min();
constexpr int64_t int32_high = std::numeric_limits<int32_t>::max();
constexpr int64_t int64_low = std::numeric_limits<int64_t>::min();
constexpr int64_t int64_high = std::numeric_limits<int64_t>::max();

} // namespace

expected<object> object_of(std::unique_ptr<google::protobuf::Message> msg) {
  auto* meta = metadata_of(*msg);
  auto version = meta != nullptr ? meta->resource_version() : std::string{};
  if (version.size() >= 20
      || version.find_first_not_of("0123456789") != std::string::npos)
    return make_error(ec::bad_request,
                      "metadata.resourceVersion: Invalid value: \"" + version
                          + "\": not a number");
  return object::of(std::move(msg));
}

message_reader::message_reader(std::string_view text,
                               const read_options& options,
                               std::vector<std::string>* findings, origin from)
    : in_(text, options.max_depth),
      options_(options),
      findings_(findings),
      from_(from) {
  // nop
}

caf::error message_reader::read(Message& msg) {
  if (in_.text().size() > options_.max_bytes)
    return make_error(ec::too_large, "the object is too large: "
                                         + std::to_string(in_.text().size())
                                         + " bytes, the limit is "
                                         + std::to_string(options_.max_bytes));
  auto& info = message_info_of(msg.GetDescriptor());
  auto done = read_message(msg, info, 1) && in_.finish();
  return done ? caf::error{} : error();
}

bool message_reader::read_message(Message& msg, const message_info& info,
                                  int level) {
  in_.peek();
  value_at_ = in_.offset();
  if (level > max_levels)
    return refuse("nested too deeply: the limit is "
                  + std::to_string(max_levels) + " objects");
  switch (info.form) {
    case api::QUANTITY:
      return read_quantity(msg);
    case api::TIME:
      return read_time(msg, false);
    case api::MICRO_TIME:
      return read_time(msg, true);
    case api::DURATION:
      return read_duration(msg);
    case api::INT_OR_STRING:
      return read_int_or_string(msg);
    case api::RAW_JSON:
      return read_raw(msg);
    case api::STRING_LIST:
      return read_strings(msg, 1);
    case api::SCHEMA_OR_ARRAY:
    case api::SCHEMA_OR_BOOL:
    case api::SCHEMA_OR_STRINGS:
      return read_schema_or(msg, info, level);
    case api::OBJECT:
      break;
  }
  return read_fields(msg, info, level);
}

bool message_reader::read_fields(Message& msg, const message_info& info,
                                 int level) {
  if (in_.peek() != json_type::object)
    return mismatch("object");
  if (!in_.enter_object())
    return false;
  std::vector<const field_info*> seen;
  std::string key;
  while (in_.next_key(key)) {
    auto* member = info.member(key);
    if (member == nullptr) {
      if (!read_unknown(key, msg, level))
        return false;
      continue;
    }
    if (std::find(seen.begin(), seen.end(), member->field) != seen.end())
      note("duplicate", key);
    else
      seen.push_back(member->field);
    step in_member{*this, {member->field->name}};
    if (!read_member(msg, *member, level))
      return false;
  }
  return !in_.failed();
}

bool message_reader::read_unknown(const std::string& key, const Message& msg,
                                  int level) {
  // What an object is stands beside its fields, not among them.
  auto is_type = key == "kind" || key == "apiVersion";
  if (is_type
      && (level == 1 || find_by_descriptor(msg.GetDescriptor()) != nullptr)) {
    step in_member{*this, {key}};
    value_at_ = in_.offset();
    return take_null() || take_string(scratch_);
  }
  note("unknown", key);
  return in_.skip();
}

bool message_reader::read_member(Message& msg, const json_member& member,
                                 int level) {
  in_.peek();
  value_at_ = in_.offset();
  if (in_.peek() == json_type::null && !in_.read_null())
    return false;
  auto* target = &msg;
  auto is_null = in_.offset() > value_at_;
  for (auto* inlined : member.through) {
    auto* r = target->GetReflection();
    if (is_null && !r->HasField(*target, inlined->descriptor))
      return true;
    target = r->MutableMessage(target, inlined->descriptor);
    ++level;
  }
  // The last of several members of one name counts, and null unsets.
  target->GetReflection()->ClearField(target, member.field->descriptor);
  return is_null || read_field(*target, *member.field, level);
}

bool message_reader::read_field(Message& msg, const field_info& field,
                                int level) {
  auto* d = field.descriptor;
  if (d->is_map())
    return read_map(msg, field, level);
  if (d->is_repeated())
    return read_list(msg, field, level);
  if (d->cpp_type() != descriptor_type::CPPTYPE_MESSAGE)
    return read_scalar(msg, field);
  auto& r = *msg.GetReflection();
  if (!read_message(*r.MutableMessage(&msg, d), *field.type(), level + 1))
    return false;
  // Zero is the same as not set, and "0" is how zero is written.
  if (field.presence == api::VALUE && field.type()->form == api::QUANTITY
      && scratch_ == "0")
    r.ClearField(&msg, d);
  return true;
}

bool message_reader::read_scalar(Message& msg, const field_info& field) {
  auto* d = field.descriptor;
  auto& r = *msg.GetReflection();
  int64_t integer = 0;
  double number = 0;
  bool boolean = false;
  std::string str;
  switch (d->cpp_type()) {
    case descriptor_type::CPPTYPE_STRING:
      if (!(d->type() == descriptor_type::TYPE_BYTES ? take_bytes(str)
                                                     : take_string(str)))
        return false;
      r.SetString(&msg, d, std::move(str));
      return true;
    case descriptor_type::CPPTYPE_INT32:
      if (!take_integer(integer, int32_low, int32_high))
        return false;
      r.SetInt32(&msg, d, static_cast<int32_t>(integer));
      return true;
    case descriptor_type::CPPTYPE_INT64:
      if (!take_integer(integer, int64_low, int64_high))
        return false;
      r.SetInt64(&msg, d, integer);
      return true;
    case descriptor_type::CPPTYPE_BOOL:
      if (!take_boolean(boolean))
        return false;
      r.SetBool(&msg, d, boolean);
      return true;
    case descriptor_type::CPPTYPE_DOUBLE:
      if (!take_double(number))
        return false;
      r.SetDouble(&msg, d, number);
      return true;
    default:
      return refuse("this field has no form in JSON");
  }
}

bool message_reader::read_list(Message& msg, const field_info& field,
                               int level) {
  if (in_.peek() != json_type::array)
    return mismatch("list");
  if (!in_.enter_array())
    return false;
  for (int i = 0; in_.next_element(); ++i) {
    step in_element{*this, {{}, i}};
    in_.peek();
    value_at_ = in_.offset();
    if (!read_element(msg, field, level))
      return false;
  }
  return !in_.failed();
}

bool message_reader::read_element(Message& msg, const field_info& field,
                                  int level) {
  auto* d = field.descriptor;
  auto& r = *msg.GetReflection();
  int64_t integer = 0;
  bool boolean = false;
  std::string str;
  switch (d->cpp_type()) {
    case descriptor_type::CPPTYPE_MESSAGE: {
      auto* element = r.AddMessage(&msg, d);
      return take_null()
             || (!in_.failed()
                 && read_message(*element, *field.type(), level + 1));
    }
    case descriptor_type::CPPTYPE_STRING:
      if (!take_null() && !take_string(str))
        return false;
      r.AddString(&msg, d, std::move(str));
      return true;
    case descriptor_type::CPPTYPE_INT32:
      if (!take_integer(integer, int32_low, int32_high))
        return false;
      r.AddInt32(&msg, d, static_cast<int32_t>(integer));
      return true;
    case descriptor_type::CPPTYPE_INT64:
      if (!take_integer(integer, int64_low, int64_high))
        return false;
      r.AddInt64(&msg, d, integer);
      return true;
    case descriptor_type::CPPTYPE_BOOL:
      if (!take_boolean(boolean))
        return false;
      r.AddBool(&msg, d, boolean);
      return true;
    default:
      return refuse("this field has no form in JSON");
  }
}

bool message_reader::read_map(Message& msg, const field_info& field,
                              int level) {
  if (in_.peek() != json_type::object)
    return mismatch("object");
  if (!in_.enter_object())
    return false;
  auto* d = field.descriptor;
  auto& r = *msg.GetReflection();
  std::map<std::string, int> seen;
  std::string key;
  while (in_.next_key(key)) {
    auto [at, is_new] = seen.emplace(key, r.FieldSize(msg, d));
    // The last of several entries of one key counts.
    auto* entry = is_new ? r.AddMessage(&msg, d)
                         : r.MutableRepeatedMessage(&msg, d, at->second);
    if (!is_new) {
      note("duplicate", key);
      entry->Clear();
    }
    entry->GetReflection()->SetString(entry, d->message_type()->map_key(), key);
    step in_entry{*this, {key, 0, true}};
    in_.peek();
    value_at_ = in_.offset();
    if (!read_entry(*entry, field, level + 1))
      return false;
  }
  return !in_.failed();
}

bool message_reader::read_entry(Message& entry, const field_info& field,
                                int level) {
  auto* value = field.descriptor->message_type()->map_value();
  auto& r = *entry.GetReflection();
  if (value->cpp_type() == descriptor_type::CPPTYPE_MESSAGE) {
    auto* target = r.MutableMessage(&entry, value);
    return take_null()
           || (!in_.failed()
               && read_message(*target, *field.type(), level + 1));
  }
  std::string str;
  auto is_bytes = value->type() == descriptor_type::TYPE_BYTES;
  if (!take_null() && !(is_bytes ? take_bytes(str) : take_string(str)))
    return false;
  r.SetString(&entry, value, std::move(str));
  return true;
}

} // namespace troupe::text
