#include "runtime/text/json_writer.hpp"

#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/text/json_as.hpp"
#include "runtime/text/json_scanner.hpp"
#include "runtime/text/message_writer.hpp"
#include "runtime/text/plain_run.hpp"

#include <google/protobuf/descriptor.h>
#include <nlohmann/json.hpp>

#include <array>
#include <charconv>
#include <cmath>

namespace troupe::text {

namespace {

constexpr std::string_view hex = "0123456789abcdef";

/// Returns the length of the UTF-8 sequence at the front; 0 for none.
size_t sequence_length(std::string_view str) {
  for (size_t n = 1; n <= 4 && n <= str.size(); ++n)
    if (is_utf8(str.substr(0, n)))
      return n;
  return 0;
}

void append_unicode_escape(std::string& out, unsigned code) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4)
    out += hex[code >> shift & 15];
}

void append_special(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      append_unicode_escape(out, static_cast<unsigned char>(c));
  }
}

void append_pretty(std::string& out, const nlohmann::json& x, size_t indent) {
  auto line = [&](size_t depth) {
    out += '\n';
    out.append(depth * 4, ' ');
  };
  auto first = true;
  auto separate = [&] {
    if (!first)
      out += ',';
    first = false;
    line(indent + 1);
  };
  switch (x.type()) {
    case nlohmann::json::value_t::object:
      out += '{';
      for (auto& [key, value] : x.items()) {
        separate();
        append_json_string(out, key, true);
        out += ": ";
        append_pretty(out, value, indent + 1);
      }
      if (!first)
        line(indent);
      out += '}';
      break;
    case nlohmann::json::value_t::array:
      out += '[';
      for (auto& value : x) {
        separate();
        append_pretty(out, value, indent + 1);
      }
      if (!first)
        line(indent);
      out += ']';
      break;
    case nlohmann::json::value_t::string:
      append_json_string(out, x.get_ref<const std::string&>(), true);
      break;
    case nlohmann::json::value_t::number_float:
      append_json_number(out, x.get<double>());
      break;
    default:
      out += x.dump();
  }
}

/// The type that a message says it is at its top.
struct header {
  std::string api_version;
  std::string kind;
};

header header_of(const google::protobuf::Descriptor* type) {
  if (auto* kind = find_by_descriptor(type))
    return {kind->api_version(), std::string{kind->kind}};
  auto* items = type->FindFieldByName("items");
  if (items == nullptr || items->message_type() == nullptr)
    return {};
  if (auto* kind = find_by_descriptor(items->message_type()))
    return {kind->api_version(), type->name()};
  return {};
}

} // namespace

void append_json_string(std::string& out, std::string_view str,
                        bool html_safe) {
  out += '"';
  size_t done = 0;
  size_t i = 0;
  auto flush = [&] { out.append(str, done, i - done); };
  for (;;) {
    i += plain_run(str, i);
    if (i >= str.size())
      break;
    auto c = str[i];
    auto byte = static_cast<unsigned char>(c);
    auto length = size_t{1};
    if (byte < 0x20 || c == '"' || c == '\\') {
      flush();
      append_special(out, c);
      done = i + 1;
    } else if (html_safe && (c == '<' || c == '>' || c == '&')) {
      flush();
      append_unicode_escape(out, byte);
      done = i + 1;
    } else if (byte >= 0x80) {
      length = sequence_length(str.substr(i));
      auto seq = str.substr(i, length);
      if (length == 0) {
        flush();
        out += "\uFFFD";
        length = 1;
        done = i + 1;
      } else if (seq == "\u2028" || seq == "\u2029") {
        // Legal in JSON, but not in the JavaScript that reads it.
        flush();
        append_unicode_escape(out, seq == "\u2028" ? 0x2028 : 0x2029);
        done = i + length;
      }
    }
    i += length;
  }
  flush();
  out += '"';
}

void append_json_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  std::array<char, 400> buffer{};
  auto magnitude = std::fabs(value);
  auto scientific = magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21);
  auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                           scientific ? std::chars_format::scientific
                                      : std::chars_format::fixed)
                 .ptr;
  std::string_view text{buffer.data(),
                        static_cast<size_t>(end - buffer.data())};
  // Go prints e-7, not e-07.
  auto zero = text.find("e-0");
  out += text.substr(0, zero == std::string_view::npos ? zero : zero + 2);
  if (zero != std::string_view::npos)
    out += text.substr(zero + 3);
}

void append_json(std::string& out, const object& x) {
  auto& kind = x.kind();
  message_writer writer{out, x.revision()};
  writer.write_top(message_info_of(kind.descriptor()), x.bytes(), kind.kind,
                   kind.api_version());
}

void append_json_items(std::string& out, std::span<const object> items) {
  if (items.empty())
    return;
  size_t size = 0;
  for (auto& x : items)
    size += x.bytes().size();
  // Names of fields and the like take as much again.
  out.reserve(out.size() + 2 * size);
  auto& info = message_info_of(items.front().kind().descriptor());
  message_writer writer{out, 0};
  for (auto& x : items)
    writer.write_item(info, x.bytes(), x.revision());
}

std::string to_json(const object& x) {
  std::string out;
  out.reserve(x.bytes().size() * 2);
  append_json(out, x);
  return out;
}

std::string to_json_as(const object& x,
                       const google::protobuf::Descriptor& type,
                       std::string_view api_version, std::string_view kind) {
  std::string out;
  message_writer{out, x.revision()}.write_top(message_info_of(&type), x.bytes(),
                                              kind, api_version);
  return out;
}

std::string to_json(const google::protobuf::Message& msg,
                    std::string_view api_version, std::string_view kind) {
  std::string out;
  message_writer{out, 0}.write_top(message_info_of(msg.GetDescriptor()),
                                   canonical_bytes(msg), kind, api_version);
  return out;
}

std::string to_json(const google::protobuf::Message& msg) {
  auto top = header_of(msg.GetDescriptor());
  return to_json(msg, top.api_version, top.kind);
}

std::string to_json_list(const kind_info& kind,
                         const std::vector<object>& items, uint64_t revision,
                         std::string_view next, int64_t remaining) {
  std::string out = "{\"kind\":";
  append_json_string(out, std::string{kind.kind} + "List");
  out += ",\"apiVersion\":";
  append_json_string(out, kind.api_version());
  out += ",\"metadata\":";
  meta::v1::ListMeta meta;
  if (revision != 0)
    meta.set_resource_version(std::to_string(revision));
  if (!next.empty())
    meta.set_continue_(std::string{next});
  if (remaining != 0)
    meta.set_remaining_item_count(remaining);
  out += to_json(meta, "", "");
  out += ",\"items\":[";
  append_json_items(out, items);
  out += "]}";
  return out;
}

std::string print_pretty_json(const nlohmann::json& document) {
  std::string out;
  append_pretty(out, document, 0);
  out += '\n';
  return out;
}

} // namespace troupe::text
