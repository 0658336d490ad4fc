#pragma once

#include "messages/api/options.pb.h"

#include <atomic>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace google::protobuf {
class Descriptor;
class FieldDescriptor;
class Message;
} // namespace google::protobuf

namespace troupe {

struct message_info;

/// What is declared of one field: number and type in `descriptor`, the rest
/// read from its options once.
struct field_info {
  const google::protobuf::FieldDescriptor* descriptor = nullptr;
  std::string name; ///< JSON name; the .proto name for fields without one
  api::Presence presence = api::VALUE;
  api::Omit omit = api::OMITEMPTY;
  bool required = false;
  bool patch_merge = false;
  bool patch_retain_keys = false;
  bool patch_replace = false;
  std::string patch_merge_key;
  api::ListType list_type = api::UNSPECIFIED;
  std::vector<std::string> list_map_keys;
  std::vector<std::string> values; ///< known values
  bool closed = false;             ///< no others than `values` are allowed
  std::string fallback;            ///< unconditional default; "" for none

  bool is_map() const { return presence == api::MAP; }
  bool is_list() const { return presence == api::SLICE; }
  bool is_inline() const { return omit == api::INLINE; }

  /// Returns the table of the message type that this field holds (of the
  /// values for a map); null for scalars.
  const message_info* type() const;

  field_info() = default;
  field_info(field_info&& other) noexcept;

private:
  mutable std::atomic<const message_info*> type_{nullptr};
};

/// Where a JSON member lives: through zero or more inlined fields to a field.
struct json_member {
  std::vector<const field_info*> through;
  const field_info* field = nullptr;
};

/// The flat table of one message type.
struct message_info {
  const google::protobuf::Descriptor* descriptor = nullptr;
  api::JsonForm form = api::OBJECT;
  std::vector<field_info> fields; ///< by field number
  /// JSON members, inlined ones included, by name.
  std::unordered_map<std::string_view, json_member> members;

  const field_info* find(int number) const {
    auto at = static_cast<size_t>(number);
    return at < by_number.size() ? by_number[at] : find_far(number);
  }
  const json_member* member(std::string_view json_name) const;

  /// Fields with small numbers, by number; null where there is none.
  std::vector<const field_info*> by_number;

private:
  const field_info* find_far(int number) const;
};

/// Returns the table of a message type. Built at first use, then never
/// changed; safe from any thread.
const message_info&
message_info_of(const google::protobuf::Descriptor* descriptor);

/// Brings `msg` into the one form that equal objects share: a zero scalar or
/// empty message whose absence means the same is removed.
void normalize(google::protobuf::Message& msg);

/// Returns whether a message with these bytes (fields by number, map entries by
/// key) is in normal form. Bytes that are no such message are not.
bool is_normal(const message_info& type, std::string_view bytes);

/// Brings `msg` into normal form and returns its canonical bytes.
std::string normalize_and_encode(google::protobuf::Message& msg);

/// Returns the canonical bytes of any message.
std::string canonical_bytes(const google::protobuf::Message& msg);

/// Returns whether both have the same canonical bytes.
bool canonical_equal(const google::protobuf::Message& a,
                     const google::protobuf::Message& b);

} // namespace troupe
