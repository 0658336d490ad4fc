#include "messages/fields.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <shared_mutex>

namespace troupe {

namespace pb_ = google::protobuf;

namespace {

/// Fields up to this number are found without a search.
constexpr size_t most_direct = 128;

field_info make_field(const pb_::FieldDescriptor* d) {
  auto& rules = d->options().GetExtension(api::rules);
  field_info f;
  f.descriptor = d;
  f.name = d->json_name();
  f.presence = rules.presence();
  f.omit = rules.omit();
  f.required = rules.required();
  f.patch_merge = rules.patch_merge();
  f.patch_retain_keys = rules.patch_retain_keys();
  f.patch_replace = rules.patch_replace();
  f.patch_merge_key = rules.patch_merge_key();
  f.list_type = rules.list_type();
  f.list_map_keys.assign(rules.list_map_keys().begin(),
                         rules.list_map_keys().end());
  f.values.assign(rules.values().begin(), rules.values().end());
  f.closed = rules.closed();
  f.fallback = rules.fallback();
  return f;
}

void add_members(message_info& table, const message_info& from,
                 const std::vector<const field_info*>& through) {
  for (auto& f : from.fields) {
    if (f.is_inline()) {
      auto deeper = through;
      deeper.push_back(&f);
      add_members(table, *f.type(), deeper);
    } else {
      table.members.emplace(f.name, json_member{through, &f});
    }
  }
}

std::unique_ptr<message_info> make_table(const pb_::Descriptor* d) {
  auto table = std::make_unique<message_info>();
  table->descriptor = d;
  table->form = d->options().GetExtension(api::json_form);
  std::vector<const pb_::FieldDescriptor*> sorted;
  for (int i = 0; i < d->field_count(); ++i)
    sorted.push_back(d->field(i));
  std::sort(sorted.begin(), sorted.end(),
            [](const pb_::FieldDescriptor* x, const pb_::FieldDescriptor* y) {
              return x->number() < y->number();
            });
  table->fields.reserve(sorted.size());
  for (auto* field : sorted)
    table->fields.push_back(make_field(field));
  for (auto& field : table->fields) {
    auto number = static_cast<size_t>(field.descriptor->number());
    if (number > most_direct)
      break;
    table->by_number.resize(number + 1);
    table->by_number[number] = &field;
  }
  add_members(*table, *table, {});
  return table;
}

/// Tables that were asked for so far; they are only ever added.
class table_cache {
public:
  const message_info& get(const pb_::Descriptor* d) {
    {
      std::shared_lock guard{mutex_};
      if (auto it = tables_.find(d); it != tables_.end())
        return *it->second;
    }
    // Made outside of the lock: a table asks for those of its inlined fields.
    auto fresh = make_table(d);
    std::unique_lock guard{mutex_};
    return *tables_.emplace(d, std::move(fresh)).first->second;
  }

private:
  std::shared_mutex mutex_;
  std::unordered_map<const pb_::Descriptor*, std::unique_ptr<message_info>>
      tables_;
};

bool is_zero(const pb_::Reflection& r, const pb_::Message& m,
             const pb_::FieldDescriptor* d) {
  using fd = pb_::FieldDescriptor;
  switch (d->cpp_type()) {
    case fd::CPPTYPE_INT32:
      return r.GetInt32(m, d) == 0;
    case fd::CPPTYPE_INT64:
      return r.GetInt64(m, d) == 0;
    case fd::CPPTYPE_UINT32:
      return r.GetUInt32(m, d) == 0;
    case fd::CPPTYPE_UINT64:
      return r.GetUInt64(m, d) == 0;
    case fd::CPPTYPE_DOUBLE:
      return r.GetDouble(m, d) == 0;
    case fd::CPPTYPE_FLOAT:
      return r.GetFloat(m, d) == 0;
    case fd::CPPTYPE_BOOL:
      return !r.GetBool(m, d);
    case fd::CPPTYPE_STRING: {
      std::string scratch;
      return r.GetStringReference(m, d, &scratch).empty();
    }
    default:
      return false;
  }
}

bool is_empty(const pb_::Message& m) {
  std::vector<const pb_::FieldDescriptor*> present;
  auto* r = m.GetReflection();
  r->ListFields(m, &present);
  return present.empty() && r->GetUnknownFields(m).empty();
}

bool by_value(const field_info* field) {
  return field == nullptr || field->presence == api::VALUE;
}

void normalize_as(pb_::Message& msg, const message_info& table);

void normalize_field(pb_::Message& msg, const message_info& table,
                     const pb_::FieldDescriptor* d) {
  auto& r = *msg.GetReflection();
  auto* info = table.find(d->number());
  if (d->cpp_type() != pb_::FieldDescriptor::CPPTYPE_MESSAGE) {
    if (!d->is_repeated() && by_value(info) && is_zero(r, msg, d))
      r.ClearField(&msg, d);
    return;
  }
  auto* type = info->type();
  if (d->is_map()) {
    if (type == nullptr)
      return;
    auto* value = d->message_type()->map_value();
    for (int i = 0, n = r.FieldSize(msg, d); i < n; ++i) {
      auto* entry = r.MutableRepeatedMessage(&msg, d, i);
      normalize_as(*entry->GetReflection()->MutableMessage(entry, value),
                   *type);
    }
  } else if (d->is_repeated()) {
    for (int i = 0, n = r.FieldSize(msg, d); i < n; ++i)
      normalize_as(*r.MutableRepeatedMessage(&msg, d, i), *type);
  } else {
    auto* nested = r.MutableMessage(&msg, d);
    normalize_as(*nested, *type);
    if (by_value(info) && is_empty(*nested))
      r.ClearField(&msg, d);
  }
}

void normalize_as(pb_::Message& msg, const message_info& table) {
  std::vector<const pb_::FieldDescriptor*> present;
  msg.GetReflection()->ListFields(msg, &present);
  for (auto* d : present)
    normalize_field(msg, table, d);
}

// -- bytes
// ---------------------------------------------------------------------

std::string encode(const pb_::Message& msg) {
  std::string bytes;
  bytes.reserve(msg.ByteSizeLong());
  pb_::io::StringOutputStream stream{&bytes};
  pb_::io::CodedOutputStream out{&stream};
  out.SetSerializationDeterministic(true);
  msg.SerializeWithCachedSizes(&out);
  out.Trim();
  return bytes;
}

bool take_varint(std::string_view& in, uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80)
      return true;
  }
  return false;
}

/// Takes a number of that many bytes; `zero` when it equals zero, as -0.0 does.
bool take_fixed(std::string_view& in, size_t size, bool& zero) {
  if (in.size() < size)
    return false;
  uint64_t bits = 0;
  std::memcpy(&bits, in.data(), size);
  zero = (bits << (65 - 8 * size)) == 0;
  in.remove_prefix(size);
  return true;
}

bool is_normal_entry(const message_info& value_type, std::string_view entry) {
  uint64_t tag = 0;
  uint64_t size = 0;
  while (!entry.empty()) {
    // Both are messages or texts where the value is a message.
    if (!take_varint(entry, tag) || (tag & 7) != 2 || !take_varint(entry, size)
        || size > entry.size())
      return false;
    if (tag >> 3 == 2 && !is_normal(value_type, entry.substr(0, size)))
      return false;
    entry.remove_prefix(size);
  }
  return true;
}

/// Whether the contents of a field with a length are in normal form.
bool is_normal_part(const field_info& field, std::string_view part) {
  auto* d = field.descriptor;
  if (part.empty() && !d->is_repeated())
    return field.presence != api::VALUE;
  auto* type = d->cpp_type() == pb_::FieldDescriptor::CPPTYPE_MESSAGE
                   ? field.type()
                   : nullptr;
  if (type == nullptr)
    return true;
  return d->is_map() ? is_normal_entry(*type, part) : is_normal(*type, part);
}

} // namespace

field_info::field_info(field_info&& other) noexcept
    : descriptor(other.descriptor),
      name(std::move(other.name)),
      presence(other.presence),
      omit(other.omit),
      required(other.required),
      patch_merge(other.patch_merge),
      patch_retain_keys(other.patch_retain_keys),
      patch_replace(other.patch_replace),
      patch_merge_key(std::move(other.patch_merge_key)),
      list_type(other.list_type),
      list_map_keys(std::move(other.list_map_keys)),
      values(std::move(other.values)),
      closed(other.closed),
      fallback(std::move(other.fallback)),
      type_(other.type_.load()) {
  // nop
}

const message_info* field_info::type() const {
  if (auto* known = type_.load(std::memory_order_acquire))
    return known;
  auto* d = descriptor->message_type();
  if (d != nullptr && descriptor->is_map())
    d = d->map_value()->message_type();
  if (d == nullptr)
    return nullptr;
  auto* found = &message_info_of(d);
  type_.store(found, std::memory_order_release);
  return found;
}

const field_info* message_info::find_far(int number) const {
  auto it = std::lower_bound(
      fields.begin(), fields.end(), number,
      [](const field_info& f, int n) { return f.descriptor->number() < n; });
  return it != fields.end() && it->descriptor->number() == number ? &*it
                                                                  : nullptr;
}

const json_member* message_info::member(std::string_view json_name) const {
  auto it = members.find(json_name);
  return it == members.end() ? nullptr : &it->second;
}

const message_info& message_info_of(const pb_::Descriptor* descriptor) {
  static table_cache cache;
  return cache.get(descriptor);
}

void normalize(pb_::Message& msg) {
  normalize_as(msg, message_info_of(msg.GetDescriptor()));
}

// Far cheaper than a walk over the message: what generated code has written is
// read once, and nearly always there is nothing to remove.
bool is_normal(const message_info& type, std::string_view bytes) {
  uint64_t tag = 0;
  while (!bytes.empty()) {
    if (!take_varint(bytes, tag))
      return false;
    auto* field = type.find(static_cast<int>(tag >> 3));
    auto removable = field != nullptr && field->presence == api::VALUE
                     && !field->descriptor->is_repeated();
    uint64_t number = 0;
    bool zero = false;
    switch (tag & 7) {
      case 0:
        if (!take_varint(bytes, number))
          return false;
        zero = number == 0;
        break;
      case 1:
        if (!take_fixed(bytes, 8, zero))
          return false;
        break;
      case 2:
        if (!take_varint(bytes, number) || number > bytes.size())
          return false;
        if (field != nullptr
            && !is_normal_part(*field, bytes.substr(0, number)))
          return false;
        bytes.remove_prefix(number);
        break;
      case 5:
        if (!take_fixed(bytes, 4, zero))
          return false;
        break;
      default:
        return false;
    }
    if (zero && removable)
      return false;
  }
  return true;
}

std::string normalize_and_encode(pb_::Message& msg) {
  auto& type = message_info_of(msg.GetDescriptor());
  auto bytes = encode(msg);
  if (is_normal(type, bytes))
    return bytes;
  normalize_as(msg, type);
  return encode(msg);
}

std::string canonical_bytes(const pb_::Message& msg) {
  auto bytes = encode(msg);
  if (is_normal(message_info_of(msg.GetDescriptor()), bytes))
    return bytes;
  std::unique_ptr<pb_::Message> copy{msg.New()};
  copy->CopyFrom(msg);
  normalize(*copy);
  return encode(*copy);
}

bool canonical_equal(const pb_::Message& a, const pb_::Message& b) {
  return canonical_bytes(a) == canonical_bytes(b);
}

} // namespace troupe
