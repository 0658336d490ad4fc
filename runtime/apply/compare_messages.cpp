#include "messages/api/meta.pb.h"
#include "runtime/apply/comparison.hpp"
#include "runtime/apply/shape.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace troupe::apply {

namespace {

namespace pb_ = google::protobuf;
using fd = pb_::FieldDescriptor;

/// Whether a value is in the JSON of its record.
enum class presence : uint8_t { absent, null, there };

bool is_nonzero(const pb_::Message& m, const fd* d) {
  auto& r = *m.GetReflection();
  switch (d->cpp_type()) {
    case fd::CPPTYPE_INT32:
      return r.GetInt32(m, d) != 0;
    case fd::CPPTYPE_INT64:
      return r.GetInt64(m, d) != 0;
    case fd::CPPTYPE_BOOL:
      return r.GetBool(m, d);
    case fd::CPPTYPE_DOUBLE:
      return r.GetDouble(m, d) != 0;
    case fd::CPPTYPE_STRING: {
      std::string scratch;
      return !r.GetStringReference(m, d, &scratch).empty();
    }
    default:
      return r.HasField(m, d);
  }
}

presence message_presence(const pb_::Message& m, const field_info& f) {
  auto* d = f.descriptor;
  auto& r = *m.GetReflection();
  auto has = r.HasField(m, d);
  auto always = f.omit == api::ALWAYS;
  if (f.presence != api::VALUE)
    return has ? presence::there : always ? presence::null : presence::absent;
  auto& type = *f.type();
  auto& value = r.GetMessage(m, d);
  auto set = has && value.ByteSizeLong() > 0;
  if (f.omit == api::OMITZERO)
    return set ? presence::there : presence::absent;
  auto is_time = type.form == api::TIME || type.form == api::MICRO_TIME;
  return is_time && !set ? presence::null : presence::there;
}

presence presence_of(const pb_::Message* m, const field_info& f) {
  if (m == nullptr)
    return presence::absent;
  auto* d = f.descriptor;
  auto& r = *m->GetReflection();
  auto absent = f.omit == api::ALWAYS ? presence::null : presence::absent;
  if (d->is_repeated())
    return r.FieldSize(*m, d) > 0 ? presence::there : absent;
  if (d->cpp_type() == fd::CPPTYPE_MESSAGE)
    return message_presence(*m, f);
  if (f.presence == api::POINTER)
    return r.HasField(*m, d) ? presence::there : absent;
  if (is_nonzero(*m, d))
    return presence::there;
  auto is_bytes = d->type() == fd::TYPE_BYTES;
  return f.omit == api::ALWAYS && !is_bytes ? presence::there : absent;
}

/// The message that holds a member, behind what is inlined.
const pb_::Message* holder(const pb_::Message* m, const json_member& member) {
  for (auto* step : member.through) {
    if (m == nullptr)
      return nullptr;
    m = &m->GetReflection()->GetMessage(*m, step->descriptor);
  }
  return m;
}

bool is_json_empty(const pb_::Message& m, const record_shape& type) {
  auto& all = type.members;
  return std::all_of(all.begin(), all.end(), [&](const member_shape& each) {
    return presence_of(holder(&m, *each.member), *each.member->field)
           == presence::absent;
  });
}

/// The content of one element, or of the one value, of a field.
std::string content(const pb_::Message& m, const fd* d, int at) {
  auto& r = *m.GetReflection();
  auto listed = d->is_repeated();
  std::string scratch;
  switch (d->cpp_type()) {
    case fd::CPPTYPE_MESSAGE:
      return canonical_bytes(listed ? r.GetRepeatedMessage(m, d, at)
                                    : r.GetMessage(m, d));
    case fd::CPPTYPE_STRING:
      return listed ? r.GetRepeatedStringReference(m, d, at, &scratch)
                    : r.GetStringReference(m, d, &scratch);
    case fd::CPPTYPE_INT32:
      return std::to_string(listed ? r.GetRepeatedInt32(m, d, at)
                                   : r.GetInt32(m, d));
    case fd::CPPTYPE_INT64:
      return std::to_string(listed ? r.GetRepeatedInt64(m, d, at)
                                   : r.GetInt64(m, d));
    case fd::CPPTYPE_BOOL:
      return (listed ? r.GetRepeatedBool(m, d, at) : r.GetBool(m, d)) ? "1"
                                                                      : "0";
    case fd::CPPTYPE_DOUBLE:
      return std::to_string(listed ? r.GetRepeatedDouble(m, d, at)
                                   : r.GetDouble(m, d));
    default:
      return {};
  }
}

/// The scalar of a field as JSON.
nlohmann::json json_of(const pb_::Message& m, const fd* d, int at) {
  auto text = content(m, d, at);
  switch (d->cpp_type()) {
    case fd::CPPTYPE_STRING:
      return text;
    case fd::CPPTYPE_BOOL:
      return text == "1";
    case fd::CPPTYPE_INT32:
    case fd::CPPTYPE_INT64:
      return std::stoll(text);
    default:
      return text;
  }
}

using entries = std::map<std::string, std::string>;

entries entries_of(const pb_::Message* m, const fd* d) {
  entries result;
  if (m == nullptr)
    return result;
  auto& r = *m->GetReflection();
  auto* type = d->message_type();
  for (int i = 0, n = r.FieldSize(*m, d); i < n; ++i) {
    auto& entry = r.GetRepeatedMessage(*m, d, i);
    result[content(entry, type->map_key(), 0)] =
        content(entry, type->map_value(), 0);
  }
  return result;
}

/// Whether both have one value in a field that is no list.
bool same_value(const pb_::Message& a, const pb_::Message& b, const fd* d) {
  auto& r = *a.GetReflection();
  std::string left;
  std::string right;
  switch (d->cpp_type()) {
    case fd::CPPTYPE_STRING:
      return r.GetStringReference(a, d, &left)
             == r.GetStringReference(b, d, &right);
    case fd::CPPTYPE_INT32:
      return r.GetInt32(a, d) == r.GetInt32(b, d);
    case fd::CPPTYPE_INT64:
      return r.GetInt64(a, d) == r.GetInt64(b, d);
    case fd::CPPTYPE_BOOL:
      return r.GetBool(a, d) == r.GetBool(b, d);
    default:
      return content(a, d, 0) == content(b, d, 0);
  }
}

bool same_content(const pb_::Message& a, const pb_::Message& b,
                  const field_info& f) {
  auto* d = f.descriptor;
  if (d->is_map())
    return entries_of(&a, d) == entries_of(&b, d);
  if (!d->is_repeated())
    return same_value(a, b, d);
  auto size = a.GetReflection()->FieldSize(a, d);
  if (size != b.GetReflection()->FieldSize(b, d))
    return false;
  for (int i = 0; i < size; ++i)
    if (content(a, d, i) != content(b, d, i))
      return false;
  return true;
}

class comparer {
public:
  bool failed = false;

  void members(const pb_::Message* a, const pb_::Message* b,
               const message_info& type, const record_shape& all,
               comparison& out) {
    auto hides = type.descriptor == meta::v1::ObjectMeta::descriptor();
    for (auto& each : all.members)
      if (!hides || each.element != "f:managedFields")
        member(holder(a, *each.member), holder(b, *each.member), each, out);
  }

private:
  static void leaf(const std::string& element, presence a, presence b,
                   bool same, comparison& out) {
    if (a == presence::absent)
      out.added.add(element);
    else if (b == presence::absent)
      out.removed.add(element);
    else if (!same)
      out.modified.add(element);
  }

  /// What only one side has is told beside what it holds.
  static void put(const std::string& element, presence a, presence b,
                  comparison below, comparison& out) {
    if (a == presence::absent)
      out.added.add(element);
    if (b == presence::absent)
      out.removed.add(element);
    out.added.add(element, std::move(below.added));
    out.removed.add(element, std::move(below.removed));
    out.modified.add(element, std::move(below.modified));
  }

  void member(const pb_::Message* a, const pb_::Message* b,
              const member_shape& each, comparison& out) {
    auto& f = *each.member->field;
    auto pa = presence_of(a, f);
    auto pb = presence_of(b, f);
    if (pa == presence::absent && pb == presence::absent)
      return;
    auto both = pa == presence::there && pb == presence::there;
    switch (each.how.how) {
      case merging::scalar:
      case merging::atomic:
        leaf(each.element, pa, pb, both ? same_content(*a, *b, f) : pa == pb,
             out);
        break;
      case merging::record:
        record(each.element, value_of(a, f, pa), value_of(b, f, pb), pa, pb,
               *each.how.type, each.inside(), out);
        break;
      default:
        if (pa != presence::there && pb != presence::there) {
          leaf(each.element, pa, pb, true, out);
          break;
        }
        comparison below;
        if (each.how.how == merging::map)
          map(a, b, f, below);
        else
          list(a, b, each.how, below);
        put(each.element, pa, pb, std::move(below), out);
    }
  }

  static const pb_::Message* value_of(const pb_::Message* m,
                                      const field_info& f, presence p) {
    return p == presence::there
               ? &m->GetReflection()->GetMessage(*m, f.descriptor)
               : nullptr;
  }

  void record(const std::string& element, const pb_::Message* a,
              const pb_::Message* b, presence pa, presence pb,
              const message_info& type, const record_shape& all,
              comparison& out) {
    // Neither is set: the one default of its type.
    if (a == b && a != nullptr)
      return;
    auto nothing = (b == nullptr || is_json_empty(*b, all))
                   && (a == nullptr || is_json_empty(*a, all));
    if (nothing) {
      leaf(element, pa, pb, pa == pb, out);
      return;
    }
    comparison below;
    members(a, b, type, all, below);
    put(element, pa, pb, std::move(below), out);
  }

  static void map(const pb_::Message* a, const pb_::Message* b,
                  const field_info& f, comparison& out) {
    auto left = entries_of(a, f.descriptor);
    auto right = entries_of(b, f.descriptor);
    for (auto& [key, value] : left) {
      auto other = right.find(key);
      if (other == right.end())
        out.removed.add(field_element(key));
      else if (other->second != value)
        out.modified.add(field_element(key));
    }
    for (auto& [key, value] : right)
      if (left.count(key) == 0)
        out.added.add(field_element(key));
  }

  /// The places of a list by element; more than one for duplicates.
  using index = std::map<std::string, std::vector<int>>;

  index index_of(const pb_::Message* m, const shape& how) {
    index result;
    if (m == nullptr)
      return result;
    auto* d = how.field->descriptor;
    for (int i = 0, n = m->GetReflection()->FieldSize(*m, d); i < n; ++i) {
      auto element = how.how == merging::set ? value_element(json_of(*m, d, i))
                                             : key_of(*m, d, i, how);
      if (!element.empty())
        result[std::move(element)].push_back(i);
    }
    return result;
  }

  std::string key_of(const pb_::Message& m, const fd* d, int at,
                     const shape& how) {
    auto& item = m.GetReflection()->GetRepeatedMessage(m, d, at);
    std::vector<std::pair<std::string, nlohmann::json>> keys;
    for (auto& name : keys_of(how)) {
      auto* member = how.type->member(name);
      auto* holds = member == nullptr ? nullptr : holder(&item, *member);
      if (holds != nullptr
          && presence_of(holds, *member->field) == presence::there) {
        keys.emplace_back(name, json_of(*holds, member->field->descriptor, 0));
        continue;
      }
      auto other = key_default(how, name);
      if (!other) {
        failed = true;
        return {};
      }
      keys.emplace_back(name, std::move(*other));
    }
    return key_element(std::move(keys));
  }

  void list(const pb_::Message* a, const pb_::Message* b, const shape& how,
            comparison& out) {
    auto left = index_of(a, how);
    auto right = index_of(b, how);
    for (auto& [element, places] : left)
      if (auto other = right.find(element); other != right.end())
        items(element, a, places, b, other->second, how, out);
      else
        items(element, a, places, b, {}, how, out);
    for (auto& [element, places] : right)
      if (left.count(element) == 0)
        items(element, a, {}, b, places, how, out);
  }

  static const pb_::Message* item_of(const pb_::Message* m, const shape& how,
                                     const std::vector<int>& places) {
    return places.empty() ? nullptr
                          : &m->GetReflection()->GetRepeatedMessage(
                              *m, how.field->descriptor, places.front());
  }

  // Duplicates are owned as one, without what they hold.
  void items(const std::string& element, const pb_::Message* a,
             const std::vector<int>& left, const pb_::Message* b,
             const std::vector<int>& right, const shape& how, comparison& out) {
    auto* d = how.field->descriptor;
    if (left.size() > 1 && right.size() > 1) {
      auto same = left.size() == right.size();
      for (size_t i = 0; same && i < left.size(); ++i)
        same = content(*a, d, left[i]) == content(*b, d, right[i]);
      if (!same)
        out.modified.add(element);
    } else if (left.size() > 1) {
      if (!right.empty())
        item(element, nullptr, b, {}, right, how, out);
      out.removed.add(element);
    } else if (right.size() > 1) {
      if (!left.empty())
        item(element, a, nullptr, left, {}, how, out);
      out.added.add(element);
    } else {
      item(element, a, b, left, right, how, out);
    }
  }

  void item(const std::string& element, const pb_::Message* a,
            const pb_::Message* b, const std::vector<int>& left,
            const std::vector<int>& right, const shape& how, comparison& out) {
    auto pa = left.empty() ? presence::absent : presence::there;
    auto pb = right.empty() ? presence::absent : presence::there;
    auto inside = item_shape(how);
    if (how.how == merging::keyed && inside.how == merging::record) {
      record(element, item_of(a, how, left), item_of(b, how, right), pa, pb,
             *how.type, members_of(*how.type), out);
      return;
    }
    auto* d = how.field->descriptor;
    auto same =
        left.empty() || right.empty()
        || content(*a, d, left.front()) == content(*b, d, right.front());
    leaf(element, pa, pb, same, out);
  }
};

} // namespace

std::optional<comparison> compare(const pb_::Message& before,
                                  const pb_::Message& after) {
  comparison result;
  comparer run;
  auto& type = message_info_of(after.GetDescriptor());
  run.members(&before, &after, type, members_of(type), result);
  if (run.failed)
    return std::nullopt;
  return result;
}

comparison without_below(comparison all, const field_set& ignored) {
  if (ignored.empty())
    return all;
  return {without_below(std::move(all.removed), ignored),
          without_below(std::move(all.modified), ignored),
          without_below(std::move(all.added), ignored)};
}

} // namespace troupe::apply
