#include "runtime/text/json_plan.hpp"

#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/text/message_writer.hpp"

#include <google/protobuf/descriptor.h>

#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <unordered_map>

namespace troupe::text {

namespace {

using descriptor = google::protobuf::FieldDescriptor;
using type = json_plan_field::type;
using shape = json_plan_field::shape;

/// Fields up to this number are found without a search.
constexpr uint32_t most_direct = 128;

type type_of(const descriptor& d) {
  switch (d.cpp_type()) {
    case descriptor::CPPTYPE_MESSAGE:
      return type::message;
    case descriptor::CPPTYPE_STRING:
      return d.type() == descriptor::TYPE_BYTES ? type::bytes : type::text;
    case descriptor::CPPTYPE_BOOL:
      return type::boolean;
    case descriptor::CPPTYPE_DOUBLE:
      return type::real;
    case descriptor::CPPTYPE_INT32:
      return type::int32;
    default:
      return type::int64;
  }
}

shape shape_of(const field_info& field) {
  if (field.is_inline())
    return shape::inlined;
  if (field.descriptor->is_map())
    return shape::map;
  return field.descriptor->is_repeated() ? shape::list : shape::single;
}

/// Kubernetes writes some of what is not there. Returns "" for the rest.
std::string absent_value(const field_info& field) {
  auto always = field.omit == api::ALWAYS;
  auto* d = field.descriptor;
  auto is_value_message = field.presence == api::VALUE
                          && d->cpp_type() == descriptor::CPPTYPE_MESSAGE;
  if (field.omit == api::OMITZERO || (!always && !is_value_message))
    return {};
  if (field.presence == api::POINTER || field.is_map())
    return "null";
  if (field.is_list())
    return field.name == "items" ? "[]" : "null";
  if (is_value_message) {
    std::string out;
    message_writer{out, 0}.write_top(*field.type(), {}, {}, {});
    return out;
  }
  if (d->cpp_type() == descriptor::CPPTYPE_STRING)
    return d->type() == descriptor::TYPE_BYTES ? "null" : "\"\"";
  return d->cpp_type() == descriptor::CPPTYPE_BOOL ? "false" : "0";
}

json_plan_field make_field(const field_info& info) {
  json_plan_field out;
  auto& d = *info.descriptor;
  out.info = &info;
  out.number = static_cast<uint32_t>(d.number());
  out.form = shape_of(info);
  out.value =
      type_of(out.form == shape::map ? *d.message_type()->map_value() : d);
  out.packable = out.value != type::text && out.value != type::bytes
                 && out.value != type::message;
  out.is_metadata =
      out.number == 1 && info.type() != nullptr
      && info.type()->descriptor == meta::v1::ObjectMeta::descriptor();
  // Field names need no escapes.
  out.key = '"' + info.name + "\":";
  if (out.form == shape::inlined)
    return out;
  if (auto value = absent_value(info); !value.empty())
    out.absent = out.key + value;
  return out;
}

/// Plans that were asked for so far; they are only ever added.
class plan_cache {
public:
  const json_plan& get(const message_info& info) {
    {
      std::shared_lock guard{mutex_};
      if (auto it = plans_.find(&info); it != plans_.end())
        return *it->second;
    }
    // Made outside of the lock: a plan asks for those of what it writes where
    // nothing is.
    auto fresh = make_json_plan(info);
    std::unique_lock guard{mutex_};
    return *plans_.emplace(&info, std::move(fresh)).first->second;
  }

private:
  std::shared_mutex mutex_;
  std::unordered_map<const message_info*, std::unique_ptr<json_plan>> plans_;
};

} // namespace

json_plan_field::json_plan_field(json_plan_field&& other) noexcept
    : info(other.info),
      number(other.number),
      form(other.form),
      value(other.value),
      packable(other.packable),
      is_metadata(other.is_metadata),
      key(std::move(other.key)),
      absent(std::move(other.absent)),
      plan_(other.plan_.load()) {
  // nop
}

const json_plan& json_plan_field::plan() const {
  auto* known = plan_.load(std::memory_order_acquire);
  if (known == nullptr) {
    known = &json_plan_of(*info->type());
    plan_.store(known, std::memory_order_release);
  }
  return *known;
}

std::unique_ptr<json_plan> make_json_plan(const message_info& info) {
  auto out = std::make_unique<json_plan>();
  out->info = &info;
  out->form = info.form;
  auto count = static_cast<size_t>(info.descriptor->field_count());
  if (count > json_plan_set::most)
    throw std::logic_error("too many fields: " + info.descriptor->full_name());
  out->fields.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    auto number = info.descriptor->field(static_cast<int>(i))->number();
    auto& field = out->fields.emplace_back(make_field(*info.find(number)));
    // What an object's metadata shows depends on its revision.
    if (field.form == shape::inlined || field.is_metadata
        || !field.absent.empty())
      out->always.add(i);
    if (field.number > most_direct)
      continue;
    if (field.number >= out->by_number_.size())
      out->by_number_.resize(field.number + 1, json_plan::nowhere);
    out->by_number_[field.number] = i;
  }
  return out;
}

size_t json_plan::far_place(uint32_t number) const {
  if (number <= most_direct)
    return nowhere;
  for (size_t i = 0; i < fields.size(); ++i)
    if (fields[i].number == number)
      return i;
  return nowhere;
}

const json_plan& json_plan_of(const message_info& info) {
  static plan_cache cache;
  return cache.get(info);
}

} // namespace troupe::text
