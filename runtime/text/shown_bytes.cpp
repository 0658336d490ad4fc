#include "runtime/text/shown_bytes.hpp"

#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/text/wire_fields.hpp"

#include <google/protobuf/descriptor.h>

#include <optional>

namespace troupe::text {

namespace {

enum : uint32_t { metadata_number = 1, version_number = 6 };

/// How a length-delimited field of this number begins. All are small.
constexpr char tag_of(uint32_t number) {
  return static_cast<char>(number << 3 | 2);
}

void append_size(std::string& out, uint64_t size) {
  for (; size >= 0x80; size >>= 7)
    out += static_cast<char>(size | 0x80);
  out += static_cast<char>(size);
}

/// An object's bytes, taken apart.
struct parts {
  std::string_view before; ///< what of the metadata is in front of the version
  std::string_view after;
  std::string_view rest; ///< of the object
};

bool has_metadata(const kind_info& kind) {
  auto* field = kind.descriptor()->FindFieldByNumber(metadata_number);
  return field != nullptr
         && field->message_type() == meta::v1::ObjectMeta::descriptor();
}

/// Returns nothing where fields are not in their order or more than once.
std::optional<parts> take_apart(std::string_view bytes) {
  parts out;
  out.rest = bytes;
  std::string_view metadata;
  if (!bytes.empty() && bytes.front() == tag_of(metadata_number)) {
    uint64_t size = 0;
    out.rest.remove_prefix(1);
    if (!take_varint(out.rest, size) || size > out.rest.size())
      return std::nullopt;
    metadata = out.rest.substr(0, size);
    out.rest.remove_prefix(size);
  }
  wire_field field;
  for (auto left = out.rest; !left.empty();)
    if (!take_field(left, field) || field.number <= metadata_number)
      return std::nullopt;
  uint32_t last = 0;
  size_t before = 0;
  for (auto left = metadata; !left.empty();) {
    if (!take_field(left, field) || field.number < last
        || field.number == version_number)
      return std::nullopt;
    last = field.number;
    if (last < version_number)
      before = metadata.size() - left.size();
  }
  out.before = metadata.substr(0, before);
  out.after = metadata.substr(before);
  return out;
}

void append_metadata(std::string& out, const parts& of,
                     std::string_view version) {
  out += of.before;
  out += tag_of(version_number);
  append_size(out, version.size());
  out += version;
  out += of.after;
}

} // namespace

std::string shown_bytes(const object& x) {
  if (x.revision() == 0 || !has_metadata(x.kind()))
    return x.bytes();
  auto found = take_apart(x.bytes());
  if (!found)
    return canonical_bytes(x.message());
  auto version = std::to_string(x.revision());
  std::string out;
  out.reserve(x.bytes().size() + version.size() + 16);
  out += tag_of(metadata_number);
  append_size(out, found->before.size() + found->after.size() + version.size()
                       + 2); // the version's tag and size
  append_metadata(out, *found, version);
  out += found->rest;
  return out;
}

std::string shown_metadata(const object& x) {
  if (!has_metadata(x.kind()))
    return {};
  auto found = take_apart(x.bytes());
  if (!found)
    return canonical_bytes(x.meta());
  std::string out;
  if (x.revision() == 0)
    return out.append(found->before).append(found->after);
  append_metadata(out, *found, std::to_string(x.revision()));
  return out;
}

} // namespace troupe::text
