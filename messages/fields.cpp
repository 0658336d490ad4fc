#include "messages/fields.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <shared_mutex>

namespace troupe {

namespace pb_ = google::protobuf;

namespace {

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

void normalize_field(pb_::Message& msg, const message_info& table,
                     const pb_::FieldDescriptor* d) {
  auto& r = *msg.GetReflection();
  auto is_message = d->cpp_type() == pb_::FieldDescriptor::CPPTYPE_MESSAGE;
  if (d->is_repeated()) {
    if (!is_message)
      return;
    if (d->is_map()) {
      auto* value = d->message_type()->map_value();
      if (value->cpp_type() != pb_::FieldDescriptor::CPPTYPE_MESSAGE)
        return;
      for (int i = 0, n = r.FieldSize(msg, d); i < n; ++i) {
        auto* entry = r.MutableRepeatedMessage(&msg, d, i);
        normalize(*entry->GetReflection()->MutableMessage(entry, value));
      }
      return;
    }
    for (int i = 0, n = r.FieldSize(msg, d); i < n; ++i)
      normalize(*r.MutableRepeatedMessage(&msg, d, i));
    return;
  }
  auto* info = table.find(d->number());
  auto by_value = info == nullptr || info->presence == api::VALUE;
  if (is_message) {
    auto* nested = r.MutableMessage(&msg, d);
    normalize(*nested);
    if (by_value && is_empty(*nested))
      r.ClearField(&msg, d);
  } else if (by_value && is_zero(r, msg, d)) {
    r.ClearField(&msg, d);
  }
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

const field_info* message_info::find(int number) const {
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
  std::vector<const pb_::FieldDescriptor*> present;
  msg.GetReflection()->ListFields(msg, &present);
  if (present.empty())
    return;
  auto& table = message_info_of(msg.GetDescriptor());
  for (auto* d : present)
    normalize_field(msg, table, d);
}

std::string encode_normalized(const pb_::Message& msg) {
  std::string bytes;
  bytes.reserve(msg.ByteSizeLong());
  pb_::io::StringOutputStream stream{&bytes};
  pb_::io::CodedOutputStream out{&stream};
  out.SetSerializationDeterministic(true);
  msg.SerializeWithCachedSizes(&out);
  out.Trim();
  return bytes;
}

std::string canonical_bytes(const pb_::Message& msg) {
  std::unique_ptr<pb_::Message> copy{msg.New()};
  copy->CopyFrom(msg);
  normalize(*copy);
  return encode_normalized(*copy);
}

bool canonical_equal(const pb_::Message& a, const pb_::Message& b) {
  return canonical_bytes(a) == canonical_bytes(b);
}

} // namespace troupe
