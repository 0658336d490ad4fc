#pragma once

#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

namespace troupe::text {

/// Fills messages of any type with values that JSON can hold, the same for the
/// same seed.
class random_message {
public:
  explicit random_message(uint64_t seed) : random_(seed) {
    // nop
  }

  void fill(google::protobuf::Message& msg, int depth = 0) {
    auto& info = message_info_of(msg.GetDescriptor());
    if (info.form != api::OBJECT) {
      fill_form(msg, info, depth);
      return;
    }
    for (auto& field : info.fields)
      if (below(depth > 6 ? 20 : 3 + depth) == 0)
        fill_field(msg, field, depth);
  }

  uint64_t below(uint64_t n) { return random_() % n; }

  std::string text() {
    static const char* const parts[] = {
        "a",  "web", "1",    "-",    ".",  "/", " ",   "\n", "\"", "\\", "é",
        "日", "😀",   "true", "null", ": ", "#", "1e3", "'",  "\t", "<&>"};
    std::string result;
    for (auto n = below(6); n > 0; --n)
      result += parts[below(std::size(parts))];
    return result;
  }

private:
  using Message = google::protobuf::Message;
  using field_type = google::protobuf::FieldDescriptor;

  static const field_type* number(const Message& msg, int n) {
    return msg.GetDescriptor()->FindFieldByNumber(n);
  }

  void fill_form(Message& msg, const message_info& info, int depth) {
    auto& r = *msg.GetReflection();
    static const char* const quantities[] = {"-1", "1", "100m", "1Gi", "2e3"};
    static const char* const raws[] = {"{}", "[1,\"a\",{\"b\":null}]",
                                       "{\"f:spec\":{\".\":{}}}", "5"};
    switch (info.form) {
      case api::QUANTITY:
        r.SetString(&msg, number(msg, 1), quantities[below(5)]);
        break;
      case api::TIME:
        r.SetInt64(&msg, number(msg, 1),
                   static_cast<int64_t>(1 + below(4'000'000'000)));
        break;
      case api::MICRO_TIME:
        r.SetInt64(&msg, number(msg, 1),
                   static_cast<int64_t>(1 + below(4'000'000'000)));
        r.SetInt32(&msg, number(msg, 2),
                   static_cast<int32_t>(below(1'000'000) * 1000));
        break;
      case api::DURATION:
        r.SetInt64(&msg, number(msg, 1), static_cast<int64_t>(random_()));
        break;
      case api::INT_OR_STRING:
        if (below(2) == 0) {
          r.SetInt64(&msg, number(msg, 1), 1);
          r.SetString(&msg, number(msg, 3), text());
        } else {
          r.SetInt32(&msg, number(msg, 2), static_cast<int32_t>(random_()));
        }
        break;
      case api::RAW_JSON:
        r.SetString(&msg, number(msg, 1), raws[below(4)]);
        break;
      case api::STRING_LIST:
        r.AddString(&msg, number(msg, 1), text());
        break;
      default:
        fill_schema_or(msg, info, depth);
    }
  }

  void fill_schema_or(Message& msg, const message_info& info, int depth) {
    auto& r = *msg.GetReflection();
    auto is_bool = info.form == api::SCHEMA_OR_BOOL;
    auto* schema = number(msg, is_bool ? 2 : 1);
    if (depth < 6 && below(2) == 0) {
      if (is_bool)
        r.SetBool(&msg, number(msg, 1), true);
      fill(*r.MutableMessage(&msg, schema), depth + 1);
    } else if (is_bool) {
      r.SetBool(&msg, number(msg, 1), below(2) == 0);
    } else if (info.form == api::SCHEMA_OR_STRINGS) {
      r.AddString(&msg, number(msg, 2), text());
    } else {
      r.AddMessage(&msg, number(msg, 2));
    }
  }

  void fill_field(Message& msg, const field_info& field, int depth) {
    auto* d = field.descriptor;
    auto& r = *msg.GetReflection();
    if (!d->is_repeated()) {
      if (d->cpp_type() == field_type::CPPTYPE_MESSAGE)
        fill(*r.MutableMessage(&msg, d), depth + 1);
      else
        set(msg, d);
      return;
    }
    for (auto n = 1 + below(3); n > 0; --n) {
      if (d->cpp_type() != field_type::CPPTYPE_MESSAGE) {
        add(msg, d);
        continue;
      }
      auto* element = r.AddMessage(&msg, d);
      if (!d->is_map()) {
        fill(*element, depth + 1);
        continue;
      }
      element->GetReflection()->SetString(element, d->message_type()->map_key(),
                                          "key" + std::to_string(n) + text());
      auto* value = d->message_type()->map_value();
      if (value->cpp_type() == field_type::CPPTYPE_MESSAGE)
        fill(*element->GetReflection()->MutableMessage(element, value),
             depth + 1);
      else
        set(*element, value);
    }
  }

  void set(Message& msg, const field_type* d) {
    auto& r = *msg.GetReflection();
    switch (d->cpp_type()) {
      case field_type::CPPTYPE_STRING:
        r.SetString(&msg, d, text());
        break;
      case field_type::CPPTYPE_INT32:
        r.SetInt32(&msg, d, static_cast<int32_t>(random_()));
        break;
      case field_type::CPPTYPE_INT64:
        r.SetInt64(&msg, d, static_cast<int64_t>(random_()));
        break;
      case field_type::CPPTYPE_BOOL:
        r.SetBool(&msg, d, below(2) == 0);
        break;
      case field_type::CPPTYPE_DOUBLE:
        r.SetDouble(&msg, d,
                    static_cast<double>(static_cast<int64_t>(random_()))
                        / static_cast<double>(1 + below(1'000'000'000'000)));
        break;
      default:
        FAIL() << d->full_name();
    }
  }

  void add(Message& msg, const field_type* d) {
    auto& r = *msg.GetReflection();
    switch (d->cpp_type()) {
      case field_type::CPPTYPE_STRING:
        r.AddString(&msg, d, text());
        break;
      case field_type::CPPTYPE_INT32:
        r.AddInt32(&msg, d, static_cast<int32_t>(random_()));
        break;
      case field_type::CPPTYPE_INT64:
        r.AddInt64(&msg, d, static_cast<int64_t>(random_()));
        break;
      case field_type::CPPTYPE_BOOL:
        r.AddBool(&msg, d, below(2) == 0);
        break;
      default:
        FAIL() << d->full_name();
    }
  }

  std::mt19937_64 random_;
};

} // namespace troupe::text
