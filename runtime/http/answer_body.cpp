#include "runtime/http/answer_body.hpp"

#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/http/protobuf_envelope.hpp"
#include "runtime/text/document.hpp"
#include "runtime/text/json_writer.hpp"
#include "runtime/text/shown_bytes.hpp"
#include "runtime/text/yaml_writer.hpp"

#include <nlohmann/json.hpp>

namespace troupe::http {

namespace {

constexpr std::string_view partial_kind = "PartialObjectMetadata";

/// JSON text in the form that was asked for.
std::string dress(std::string json, const answer_form& form) {
  if (form.bytes == encoding::yaml) {
    auto doc = text::parse_json(json);
    return doc ? text::print_yaml(*doc) : json;
  }
  if (form.pretty)
    json = indent_json(json);
  json += '\n';
  return json;
}

std::string meta_version(const answer_form& form) {
  return "meta.k8s.io/" + (form.version.empty() ? "v1" : form.version);
}

std::string list_meta_bytes(const list_meta& meta) {
  meta::v1::ListMeta out;
  if (meta.revision != 0)
    out.set_resource_version(std::to_string(meta.revision));
  out.set_continue_(meta.next);
  if (meta.remaining != 0)
    out.set_remaining_item_count(meta.remaining);
  return canonical_bytes(out);
}

std::string partial_bytes(const object& x) {
  std::string out;
  append_field(out, 1, text::shown_metadata(x));
  return out;
}

table_form table_of(const body_form& how, bool columns) {
  return {how.form.version.empty() ? "v1" : how.form.version, how.rows, columns,
          how.now};
}

std::string list_in_protobuf(const kind_info& kind,
                             std::span<const object> items,
                             const list_meta& meta, const body_form& how) {
  auto partial = how.form.as != shape::object;
  std::string raw;
  append_field(raw, 1, list_meta_bytes(meta));
  for (auto& x : items)
    append_field(raw, 2, partial ? partial_bytes(x) : text::shown_bytes(x));
  if (partial)
    return wrap(meta_version(how.form), "PartialObjectMetadataList", raw);
  return wrap(kind.api_version(), std::string{kind.kind} + "List", raw);
}

std::string list_in_json(const kind_info& kind, std::span<const object> items,
                         const list_meta& meta, const body_form& how) {
  if (how.form.as == shape::table)
    return to_table_json(kind, items, meta, table_of(how, true));
  auto partial = how.form.as != shape::object;
  std::string out = R"({"kind":")";
  out += partial ? partial_kind : kind.kind;
  out += R"(List","apiVersion":")";
  out += partial ? meta_version(how.form) : kind.api_version();
  out += R"(","metadata":)";
  append_list_meta(out, meta);
  out += R"(,"items":[)";
  if (!partial)
    text::append_json_items(out, items);
  for (auto& x : partial ? items : std::span<const object>{}) {
    if (&x != items.data())
      out += ',';
    out += to_partial_json(x, how.form.version);
  }
  out += "]}";
  return out;
}

/// One object as JSON, also within an event.
std::string object_json(const object& x, const body_form& how, bool columns) {
  switch (how.form.as) {
    case shape::table:
      return to_table_json(x.kind(), {&x, 1}, {x.revision(), {}, 0},
                           table_of(how, columns));
    case shape::partial:
    case shape::partial_list:
      return to_partial_json(x, how.form.version);
    default:
      return text::to_json(x);
  }
}

std::string object_envelope(const object& x, const body_form& how) {
  if (how.form.as == shape::object)
    return wrap(x.kind().api_version(), x.kind().kind, text::shown_bytes(x));
  return wrap(meta_version(how.form), partial_kind, partial_bytes(x));
}

std::string event_line(std::string_view type, std::string_view json) {
  std::string out = R"({"type":")";
  out += type;
  out += R"(","object":)";
  out += json;
  out += "}\n";
  return out;
}

} // namespace

std::string encode_object(const object& x, const body_form& how) {
  if (how.form.bytes == encoding::protobuf)
    return object_envelope(x, how);
  return dress(object_json(x, how, true), how.form);
}

std::string encode_list(const kind_info& kind, std::span<const object> items,
                        const list_meta& meta, const body_form& how) {
  if (how.form.bytes == encoding::protobuf)
    return list_in_protobuf(kind, items, meta, how);
  return dress(list_in_json(kind, items, meta, how), how.form);
}

std::string encode_message(const google::protobuf::Message& msg,
                           std::string_view api_version, std::string_view kind,
                           const answer_form& form) {
  if (form.bytes == encoding::protobuf)
    return wrap(api_version, kind, canonical_bytes(msg));
  return dress(text::to_json(msg, api_version, kind), form);
}

std::string encode_status(const meta::v1::Status& status,
                          const answer_form& form) {
  return encode_message(status, "v1", "Status", form);
}

std::string encode_event(std::string_view type, const object& x,
                         const body_form& how, bool first) {
  if (how.form.bytes == encoding::protobuf)
    return frame_event(type, object_envelope(x, how));
  return event_line(type, object_json(x, how, first));
}

std::string encode_bookmark(const kind_info& kind, uint64_t revision,
                            bool begun, const body_form& how) {
  auto msg = kind.make();
  auto& meta = *mutable_metadata_of(*msg);
  meta.set_resource_version(std::to_string(revision));
  if (begun)
    (*meta.mutable_annotations())["k8s.io/initial-events-end"] = "true";
  auto table = how.form.as == shape::table;
  if (table && !begun) {
    // Only how far it has come, in the list's own metadata.
    return event_line("BOOKMARK", to_table_json(kind, {}, {revision, {}, 0},
                                                table_of(how, false)));
  }
  return encode_event("BOOKMARK", object::of(std::move(msg)), how, false);
}

std::string encode_error_event(const meta::v1::Status& status,
                               const body_form& how) {
  if (how.form.bytes == encoding::protobuf)
    return frame_event("ERROR", wrap("v1", "Status", canonical_bytes(status)));
  return event_line("ERROR", text::to_json(status, "v1", "Status"));
}

std::string indent_json(std::string_view json) {
  std::string out;
  out.reserve(json.size() * 2);
  size_t depth = 0;
  bool quoted = false;
  auto new_line = [&] {
    out += '\n';
    out.append(2 * depth, ' ');
  };
  for (size_t i = 0; i < json.size(); ++i) {
    auto c = json[i];
    if (quoted) {
      out += c;
      if (c == '\\' && i + 1 < json.size())
        out += json[++i];
      quoted = c != '"';
      continue;
    }
    auto opens = c == '{' || c == '[';
    auto closes =
        i + 1 < json.size() && (json[i + 1] == '}' || json[i + 1] == ']');
    if (opens && closes) {
      out += c;
      out += json[++i];
    } else if (opens) {
      ++depth;
      out += c;
      new_line();
    } else if (c == '}' || c == ']') {
      --depth;
      new_line();
      out += c;
    } else {
      out += c;
      if (c == ',')
        new_line();
      else if (c == ':')
        out += ' ';
      quoted = c == '"';
    }
  }
  return out;
}

} // namespace troupe::http
