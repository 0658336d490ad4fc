#include "runtime/text/message_writer.hpp"

#include "messages/fields.hpp"
#include "runtime/text/base64.hpp"
#include "runtime/text/duration.hpp"
#include "runtime/text/json_plan.hpp"
#include "runtime/text/json_scanner.hpp"
#include "runtime/text/json_writer.hpp"
#include "runtime/text/plain_run.hpp"
#include "runtime/text/timestamp.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace troupe::text {

namespace {

using shape = json_plan_field::shape;
using type = json_plan_field::type;

/// Of ObjectMeta.
constexpr uint32_t resource_version_number = 6;

/// Whether a text is compact JSON of nothing but objects: as sets of fields
/// are, which all objects have. May say no of what is.
bool is_tree_of_names(std::string_view text) {
  constexpr size_t most_levels = 400;
  size_t at = 0;
  auto next = [&] { return at < text.size() ? text[at++] : '\0'; };
  auto skip_name = [&] {
    for (;;) {
      at += plain_run(text, at);
      auto c = next();
      if (c == '"')
        return true;
      if (c != '\\' || next() != '"')
        return false;
    }
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

} // namespace

// -- fields that were found ---------------------------------------------------

message_writer::span message_writer::having(span among, uint32_t number) const {
  auto at = [this](size_t i) {
    return stack_.begin() + static_cast<ptrdiff_t>(i);
  };
  auto below = [](const wire_field& f, uint32_t n) { return f.number < n; };
  auto above = [](uint32_t n, const wire_field& f) { return n < f.number; };
  auto first = std::lower_bound(at(among.begin), at(among.end), number, below);
  auto last = std::upper_bound(first, at(among.end), number, above);
  return {static_cast<size_t>(first - stack_.begin()),
          static_cast<size_t>(last - stack_.begin())};
}

const wire_field* message_writer::last_of(span among, uint32_t number) const {
  auto found = having(among, number);
  return found.begin == found.end ? nullptr : &stack_[found.end - 1];
}

int64_t message_writer::number_of(span among, uint32_t number) const {
  auto* found = last_of(among, number);
  return found == nullptr ? 0 : static_cast<int64_t>(found->value);
}

std::string_view message_writer::data_of(span among, uint32_t number) const {
  auto* found = last_of(among, number);
  return found == nullptr ? std::string_view{} : found->data;
}

// -- objects ------------------------------------------------------------------

void message_writer::key(std::string_view text) {
  if (!first_)
    out_.put(',');
  first_ = false;
  out_.put(text);
}

void message_writer::put_text(std::string_view text) {
  if (plain_run(text, 0) < text.size()) {
    out_.put_by([&](std::string& out) { append_json_string(out, text, true); });
    return;
  }
  out_.put('"');
  out_.put(text);
  out_.put('"');
}

void message_writer::write_top(const message_info& info, std::string_view bytes,
                               std::string_view kind,
                               std::string_view api_version) {
  auto& plan = json_plan_of(info);
  if (plan.form != api::OBJECT) {
    write_message(plan, bytes);
    return;
  }
  out_.put('{');
  first_ = true;
  if (!kind.empty()) {
    key("\"kind\":");
    put_text(kind);
  }
  if (!api_version.empty()) {
    key("\"apiVersion\":");
    put_text(api_version);
  }
  write_members(plan, bytes, level::top);
  out_.put('}');
}

void message_writer::write_item(const message_info& info,
                                std::string_view bytes, uint64_t revision) {
  if (!first_item_)
    out_.put(',');
  first_item_ = false;
  revision_ = revision;
  write_top(info, bytes, {}, {});
}

void message_writer::write_members(const json_plan& plan,
                                   std::string_view bytes, level at) {
  auto begin = stack_.size();
  split_wire(bytes, stack_);
  auto end = stack_.size();
  json_plan_set present;
  std::array<size_t, json_plan_set::most> first_of;
  auto add = [&](uint32_t number, size_t where) {
    auto place = plan.place_of(number);
    if (place == json_plan::nowhere || present.has(place))
      return;
    present.add(place);
    first_of[place] = where;
  };
  for (auto i = begin; i < end; ++i)
    add(stack_[i].number, i);
  // Shown wherever there is one, and the bytes have none.
  auto shows_revision = at == level::top_metadata && revision_ != 0;
  if (shows_revision)
    add(resource_version_number, end);
  json_plan_set::each(present, plan.always, [&](size_t place) {
    auto& field = plan.fields[place];
    if (shows_revision && field.number == resource_version_number) {
      key(field.key);
      out_.put('"');
      out_.put_number(static_cast<int64_t>(revision_));
      out_.put('"');
      return;
    }
    if (!present.has(place))
      return write_absent(field, at);
    span found{first_of[place], first_of[place] + 1};
    while (found.end < end && stack_[found.end].number == field.number)
      ++found.end;
    write_present(field, found, at);
  });
  stack_.resize(begin);
}

void message_writer::write_absent(const json_plan_field& field, level at) {
  if (field.form == shape::inlined)
    return write_members(field.plan(), {}, at);
  if (field.absent.empty())
    return;
  if (!field.is_metadata || at != level::top || revision_ == 0)
    return key(field.absent);
  key(field.key);
  write_object(field.plan(), {}, level::top_metadata);
}

void message_writer::write_present(const json_plan_field& field, span found,
                                   level at) {
  // Copied: the stack grows.
  auto last = stack_[found.end - 1];
  if (field.form == shape::inlined)
    return write_members(field.plan(), last.data, at);
  key(field.key);
  if (field.is_metadata && at == level::top)
    write_object(field.plan(), last.data, level::top_metadata);
  else if (field.form == shape::map)
    write_map(field, found);
  else if (field.form == shape::list)
    write_list(field, found);
  else
    write_value(field, last);
}

void message_writer::write_object(const json_plan& plan, std::string_view bytes,
                                  level at) {
  auto before = std::exchange(first_, true);
  out_.put('{');
  write_members(plan, bytes, at);
  out_.put('}');
  first_ = before;
}

void message_writer::write_message(const json_plan& plan,
                                   std::string_view bytes) {
  if (plan.form == api::OBJECT)
    return write_object(plan, bytes, level::below);
  auto begin = stack_.size();
  split_wire(bytes, stack_);
  write_form(plan, {begin, stack_.size()});
  stack_.resize(begin);
}

// -- values -------------------------------------------------------------------

/// Repeated numbers may come in packs.
void message_writer::write_pack(const json_plan_field& field,
                                std::string_view pack, bool& first) {
  wire_field element;
  while (take_varint(pack, element.value)) {
    if (!std::exchange(first, false))
      out_.put(',');
    write_value(field, element);
  }
}

void message_writer::write_list(const json_plan_field& field, span found) {
  out_.put('[');
  auto first = true;
  for (auto i = found.begin; i < found.end; ++i) {
    auto element = stack_[i];
    if (field.packable && !element.data.empty()) {
      write_pack(field, element.data, first);
      continue;
    }
    if (!std::exchange(first, false))
      out_.put(',');
    write_value(field, element);
  }
  out_.put(']');
}

void message_writer::write_map(const json_plan_field& field, span found) {
  struct entry {
    std::string_view key;
    std::string_view value;
  };
  std::vector<entry> entries;
  entries.reserve(found.end - found.begin);
  for (auto i = found.begin; i < found.end; ++i) {
    auto begin = stack_.size();
    split_wire(stack_[i].data, stack_);
    span parts{begin, stack_.size()};
    entries.push_back({data_of(parts, 1), data_of(parts, 2)});
    stack_.resize(begin);
  }
  auto by_key = [](const entry& a, const entry& b) { return a.key < b.key; };
  if (!std::is_sorted(entries.begin(), entries.end(), by_key))
    std::stable_sort(entries.begin(), entries.end(), by_key);
  // Bytes of others may hold a key twice; the last one counts.
  auto same_key = [](const entry& a, const entry& b) { return a.key == b.key; };
  entries.erase(entries.begin(),
                std::unique(entries.rbegin(), entries.rend(), same_key).base());
  out_.put('{');
  for (auto& e : entries) {
    if (&e != entries.data())
      out_.put(',');
    put_text(e.key);
    out_.put(':');
    if (field.value == type::message)
      write_message(field.plan(), e.value);
    else if (field.value == type::bytes)
      put_text(base64_encode(e.value));
    else
      put_text(e.value);
  }
  out_.put('}');
}

void message_writer::write_value(const json_plan_field& field,
                                 const wire_field& value) {
  switch (field.value) {
    case type::message:
      return write_message(field.plan(), value.data);
    case type::text:
      return put_text(value.data);
    case type::bytes:
      return put_text(base64_encode(value.data));
    case type::boolean:
      return out_.put(value.value != 0 ? std::string_view{"true"} : "false");
    case type::int32:
      return out_.put_number(static_cast<int32_t>(value.value));
    case type::real:
      return out_.put_by([&](std::string& out) {
        append_json_number(out, std::bit_cast<double>(value.value));
      });
    default:
      out_.put_number(static_cast<int64_t>(value.value));
  }
}

// -- other forms --------------------------------------------------------------

void message_writer::write_form(const json_plan& plan, span found) {
  switch (plan.form) {
    case api::QUANTITY: {
      auto text = data_of(found, 1);
      put_text(text.empty() ? "0" : text);
      break;
    }
    case api::TIME:
      write_time(found, false);
      break;
    case api::MICRO_TIME:
      write_time(found, true);
      break;
    case api::DURATION:
      put_text(duration_text(std::chrono::nanoseconds{number_of(found, 1)}));
      break;
    case api::INT_OR_STRING:
      if (number_of(found, 1) == 1)
        put_text(data_of(found, 3));
      else
        out_.put_number(static_cast<int32_t>(number_of(found, 2)));
      break;
    case api::RAW_JSON:
      write_raw(data_of(found, 1));
      break;
    case api::STRING_LIST:
      write_strings(having(found, 1));
      break;
    default:
      write_schema_or(plan, found);
  }
}

void message_writer::write_time(span found, bool micro) {
  timestamp t{number_of(found, 1), static_cast<int32_t>(number_of(found, 2))};
  if (t.seconds == 0 && t.nanos == 0)
    out_.put("null");
  else
    put_text(micro ? micro_time_text(t) : time_text(t));
}

/// What came as bytes from outside may be no JSON; it must not break the rest.
void message_writer::write_raw(std::string_view raw) {
  if (is_tree_of_names(raw))
    return out_.put(raw);
  constexpr int max_depth = 1000;
  json_scanner in{raw, max_depth};
  std::string compact;
  if (in.copy_compact(compact) && in.finish())
    out_.put(compact);
  else
    out_.put("null");
}

void message_writer::write_strings(span found) {
  if (found.begin == found.end)
    return out_.put("null");
  out_.put('[');
  for (auto i = found.begin; i < found.end; ++i) {
    if (i > found.begin)
      out_.put(',');
    put_text(stack_[i].data);
  }
  out_.put(']');
}

void message_writer::write_schema_or(const json_plan& plan, span found) {
  auto is_bool = plan.form == api::SCHEMA_OR_BOOL;
  uint32_t schema_number = is_bool ? 2 : 1;
  if (auto* schema = last_of(found, schema_number))
    write_message(plan.fields[plan.place_of(schema_number)].plan(),
                  std::string_view{schema->data});
  else if (is_bool)
    out_.put(number_of(found, 1) != 0 ? std::string_view{"true"} : "false");
  else if (plan.form == api::SCHEMA_OR_STRINGS)
    write_strings(having(found, 2));
  else if (auto items = having(found, 2); items.begin == items.end)
    out_.put("null");
  else
    write_list(plan.fields[plan.place_of(2)], items);
}

} // namespace troupe::text
