#include "runtime/text/message_writer.hpp"

#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/text/base64.hpp"
#include "runtime/text/duration.hpp"
#include "runtime/text/json_writer.hpp"
#include "runtime/text/timestamp.hpp"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <array>
#include <bit>

namespace troupe::text {

namespace {

using descriptor_type = google::protobuf::FieldDescriptor;

constexpr uint32_t resource_version_number = 6;

std::span<const wire_field> having(std::span<const wire_field> all,
                                   uint32_t number) {
  auto below = [](const wire_field& f, uint32_t n) { return f.number < n; };
  auto above = [](uint32_t n, const wire_field& f) { return n < f.number; };
  auto first = std::lower_bound(all.begin(), all.end(), number, below);
  auto last = std::upper_bound(first, all.end(), number, above);
  return {first, last};
}

/// Where the fields with small numbers begin, so that those that are not there,
/// which most are not, cost nothing.
class field_places {
public:
  explicit field_places(std::span<const wire_field> all) {
    for (auto i = all.size(); i-- > 0;)
      if (all[i].number < first_.size())
        first_[all[i].number] = static_cast<uint16_t>(i + 1);
  }

  std::span<const wire_field> among(std::span<const wire_field> all,
                                    uint32_t number) const {
    if (number >= first_.size() || all.size() > most)
      return having(all, number);
    if (first_[number] == 0)
      return {};
    auto begin = size_t{first_[number]} - 1;
    auto end = begin + 1;
    while (end < all.size() && all[end].number == number)
      ++end;
    return all.subspan(begin, end - begin);
  }

private:
  static constexpr size_t most = 0xFFFE;

  std::array<uint16_t, 64> first_{}; ///< place + 1; 0 for none
};

/// Whether a text is compact JSON of nothing but objects: as sets of fields
/// are, which all objects have. May say no of what is.
bool is_tree_of_names(std::string_view text) {
  constexpr size_t most_levels = 400;
  size_t at = 0;
  auto next = [&] { return at < text.size() ? text[at++] : '\0'; };
  auto skip_name = [&] {
    for (auto c = next(); c != '"'; c = next()) {
      if (c == '\\')
        c = next() == '"' ? ' ' : '\0';
      if (c < ' ' || c > '~')
        return false;
    }
    return true;
  };
  if (next() != '{')
    return false;
  auto fresh = true;
  for (size_t levels = 1;;) {
    auto c = next();
    if (c == '}') {
      fresh = false;
      if (--levels == 0)
        return at == text.size();
      continue;
    }
    if (!fresh && (c != ',' || next() != '"'))
      return false;
    if (fresh && c != '"')
      return false;
    if (!skip_name() || next() != ':' || next() != '{'
        || ++levels > most_levels)
      return false;
    fresh = true;
  }
}

/// A field that should be there once counts in its last form.
const wire_field* last_of(std::span<const wire_field> all, uint32_t number) {
  auto found = having(all, number);
  return found.empty() ? nullptr : &found.back();
}

int64_t number_of(std::span<const wire_field> all, uint32_t number) {
  auto* found = last_of(all, number);
  return found == nullptr ? 0 : static_cast<int64_t>(found->value);
}

std::string_view data_of(std::span<const wire_field> all, uint32_t number) {
  auto* found = last_of(all, number);
  return found == nullptr ? std::string_view{} : found->data;
}

bool is_packable(const descriptor_type* d) {
  return d->cpp_type() != descriptor_type::CPPTYPE_STRING
         && d->cpp_type() != descriptor_type::CPPTYPE_MESSAGE;
}

/// Returns the elements of a repeated number, which may come in packs.
std::vector<wire_field> unpack(std::span<const wire_field> found) {
  std::vector<wire_field> result;
  for (auto& f : found) {
    if (f.data.empty()) {
      result.push_back(f);
      continue;
    }
    auto rest = f.data;
    wire_field element;
    while (take_varint(rest, element.value))
      result.push_back(element);
  }
  return result;
}

} // namespace

void message_writer::key(std::string_view name) {
  if (!first_)
    out_ += ',';
  first_ = false;
  // Field names need no escapes.
  out_ += '"';
  out_ += name;
  out_ += "\":";
}

void message_writer::write_top(const message_info& info, std::string_view bytes,
                               std::string_view kind,
                               std::string_view api_version) {
  if (info.form != api::OBJECT) {
    write_message(info, bytes);
    return;
  }
  out_ += '{';
  first_ = true;
  if (!kind.empty()) {
    key("kind");
    append_json_string(out_, kind);
  }
  if (!api_version.empty()) {
    key("apiVersion");
    append_json_string(out_, api_version);
  }
  write_members(info, bytes);
  out_ += '}';
}

void message_writer::write_members(const message_info& info,
                                   std::string_view bytes) {
  auto begin = stack_.size();
  split_wire(bytes, stack_);
  auto end = stack_.size();
  auto places = field_places{{stack_.data() + begin, end - begin}};
  ++depth_;
  auto* d = info.descriptor;
  for (int i = 0; i < d->field_count(); ++i) {
    auto number = d->field(i)->number();
    // The stack may move while nested messages are written.
    fields all{stack_.data() + begin, end - begin};
    write_member(*info.find(number),
                 places.among(all, static_cast<uint32_t>(number)));
  }
  --depth_;
  stack_.resize(begin);
}

void message_writer::write_member(const field_info& field, fields found) {
  if (field.is_inline()) {
    --depth_;
    write_members(*field.type(),
                  found.empty() ? std::string_view{} : found.back().data);
    ++depth_;
    return;
  }
  if (in_top_metadata_ && depth_ == 2 && revision_ != 0
      && field.descriptor->number() == resource_version_number) {
    key(field.name);
    out_ += '"' + std::to_string(revision_) + '"';
    return;
  }
  auto is_top_metadata =
      depth_ == 1 && field.descriptor->number() == 1 && field.type() != nullptr
      && field.type()->descriptor == meta::v1::ObjectMeta::descriptor();
  in_top_metadata_ = in_top_metadata_ || is_top_metadata;
  if (found.empty()) {
    write_absent(field);
  } else {
    key(field.name);
    write_present(field, found);
  }
  if (is_top_metadata)
    in_top_metadata_ = false;
}

/// Kubernetes writes some of what is not there.
void message_writer::write_absent(const field_info& field) {
  auto always = field.omit == api::ALWAYS;
  auto* d = field.descriptor;
  auto is_value_message = field.presence == api::VALUE
                          && d->cpp_type() == descriptor_type::CPPTYPE_MESSAGE;
  if (field.omit == api::OMITZERO || (!always && !is_value_message))
    return;
  key(field.name);
  if (field.presence == api::POINTER || field.is_map()) {
    out_ += "null";
  } else if (field.is_list()) {
    out_ += field.name == "items" ? "[]" : "null";
  } else if (is_value_message) {
    write_message(*field.type(), {});
  } else if (d->cpp_type() == descriptor_type::CPPTYPE_STRING) {
    out_ += d->type() == descriptor_type::TYPE_BYTES ? "null" : "\"\"";
  } else {
    out_ += d->cpp_type() == descriptor_type::CPPTYPE_BOOL ? "false" : "0";
  }
}

void message_writer::write_present(const field_info& field, fields found) {
  if (field.descriptor->is_map())
    write_map(field, found);
  else if (field.descriptor->is_repeated())
    write_list(field, found);
  else
    write_value(field, wire_field{found.back()});
}

void message_writer::write_list(const field_info& field, fields found) {
  // Copied: the stack that `found` looks into grows.
  auto elements = is_packable(field.descriptor)
                      ? unpack(found)
                      : std::vector<wire_field>{found.begin(), found.end()};
  out_ += '[';
  for (size_t i = 0; i < elements.size(); ++i) {
    if (i > 0)
      out_ += ',';
    write_value(field, elements[i]);
  }
  out_ += ']';
}

void message_writer::write_map(const field_info& field, fields found) {
  struct entry {
    std::string_view key;
    std::string_view value;
  };
  std::vector<entry> entries;
  entries.reserve(found.size());
  std::vector<wire_field> parts;
  for (auto& f : found) {
    parts.clear();
    split_wire(f.data, parts);
    entries.push_back({data_of(parts, 1), data_of(parts, 2)});
  }
  auto by_key = [](const entry& a, const entry& b) { return a.key < b.key; };
  if (!std::is_sorted(entries.begin(), entries.end(), by_key))
    std::stable_sort(entries.begin(), entries.end(), by_key);
  // Bytes of others may hold a key twice; the last one counts.
  auto same_key = [](const entry& a, const entry& b) { return a.key == b.key; };
  entries.erase(entries.begin(),
                std::unique(entries.rbegin(), entries.rend(), same_key).base());
  auto* value = field.descriptor->message_type()->map_value();
  out_ += '{';
  auto before = first_;
  auto is_first = true;
  for (auto& e : entries) {
    if (!is_first)
      out_ += ',';
    is_first = false;
    append_json_string(out_, e.key);
    out_ += ':';
    if (value->cpp_type() == descriptor_type::CPPTYPE_MESSAGE)
      write_message(*field.type(), e.value);
    else if (value->type() == descriptor_type::TYPE_BYTES)
      append_json_string(out_, base64_encode(e.value));
    else
      append_json_string(out_, e.value);
  }
  first_ = before;
  out_ += '}';
}

void message_writer::write_value(const field_info& field,
                                 const wire_field& value) {
  switch (field.descriptor->cpp_type()) {
    case descriptor_type::CPPTYPE_MESSAGE:
      write_message(*field.type(), value.data);
      break;
    case descriptor_type::CPPTYPE_STRING:
      if (field.descriptor->type() == descriptor_type::TYPE_BYTES)
        append_json_string(out_, base64_encode(value.data));
      else
        append_json_string(out_, value.data);
      break;
    case descriptor_type::CPPTYPE_BOOL:
      out_ += value.value != 0 ? "true" : "false";
      break;
    case descriptor_type::CPPTYPE_DOUBLE:
      append_json_number(out_, std::bit_cast<double>(value.value));
      break;
    case descriptor_type::CPPTYPE_INT32:
      out_ += std::to_string(static_cast<int32_t>(value.value));
      break;
    default:
      out_ += std::to_string(static_cast<int64_t>(value.value));
  }
}

void message_writer::write_message(const message_info& info,
                                   std::string_view bytes) {
  if (info.form == api::OBJECT) {
    auto before = first_;
    first_ = true;
    out_ += '{';
    write_members(info, bytes);
    out_ += '}';
    first_ = before;
    return;
  }
  std::vector<wire_field> parts;
  split_wire(bytes, parts);
  write_form(info, parts);
}

void message_writer::write_form(const message_info& info, fields found) {
  switch (info.form) {
    case api::QUANTITY:
      write_quantity(data_of(found, 1));
      break;
    case api::TIME:
      write_time(found, false);
      break;
    case api::MICRO_TIME:
      write_time(found, true);
      break;
    case api::DURATION:
      append_json_string(
          out_, duration_text(std::chrono::nanoseconds{number_of(found, 1)}));
      break;
    case api::INT_OR_STRING:
      if (number_of(found, 1) == 1)
        append_json_string(out_, data_of(found, 3));
      else
        out_ += std::to_string(static_cast<int32_t>(number_of(found, 2)));
      break;
    case api::RAW_JSON:
      write_raw(data_of(found, 1));
      break;
    case api::STRING_LIST:
      write_strings(having(found, 1));
      break;
    default:
      write_schema_or(info, found);
  }
}

void message_writer::write_quantity(std::string_view text) {
  append_json_string(out_, text.empty() ? "0" : text);
}

void message_writer::write_time(fields found, bool micro) {
  timestamp t{number_of(found, 1), static_cast<int32_t>(number_of(found, 2))};
  if (t.seconds == 0 && t.nanos == 0)
    out_ += "null";
  else
    out_ += '"' + (micro ? micro_time_text(t) : time_text(t)) + '"';
}

/// What came as bytes from outside may be no JSON; it must not break the rest.
void message_writer::write_raw(std::string_view raw) {
  if (is_tree_of_names(raw)) {
    out_ += raw;
    return;
  }
  constexpr int max_depth = 1000;
  json_scanner in{raw, max_depth};
  std::string compact;
  if (in.copy_compact(compact) && in.finish())
    out_ += compact;
  else
    out_ += "null";
}

void message_writer::write_strings(fields found) {
  if (found.empty()) {
    out_ += "null";
    return;
  }
  out_ += '[';
  for (size_t i = 0; i < found.size(); ++i) {
    if (i > 0)
      out_ += ',';
    append_json_string(out_, found[i].data);
  }
  out_ += ']';
}

void message_writer::write_schema_or(const message_info& info, fields found) {
  auto is_bool = info.form == api::SCHEMA_OR_BOOL;
  uint32_t schema_number = is_bool ? 2 : 1;
  if (auto* schema = last_of(found, schema_number)) {
    write_message(*info.find(static_cast<int>(schema_number))->type(),
                  schema->data);
  } else if (is_bool) {
    out_ += number_of(found, 1) != 0 ? "true" : "false";
  } else if (info.form == api::SCHEMA_OR_STRINGS) {
    write_strings(having(found, 2));
  } else if (having(found, 2).empty()) {
    out_ += "null";
  } else {
    auto before = first_;
    write_list(*info.find(2), having(found, 2));
    first_ = before;
  }
}

} // namespace troupe::text
