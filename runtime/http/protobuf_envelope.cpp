#include "runtime/http/protobuf_envelope.hpp"

#include "messages/api/meta.pb.h"

namespace troupe::http {

namespace {

constexpr std::string_view mark{"k8s\0", 4};

void append_varint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

} // namespace

void append_field(std::string& out, uint32_t number, std::string_view value) {
  append_varint(out, number << 3 | 2);
  append_varint(out, value.size());
  out += value;
}

std::string wrap(std::string_view api_version, std::string_view kind,
                 std::string_view raw) {
  std::string type;
  append_field(type, 1, api_version);
  append_field(type, 2, kind);
  std::string out{mark};
  out.reserve(raw.size() + type.size() + 32);
  append_field(out, 1, type);
  append_field(out, 2, raw);
  // Reference encoders write these also when they are empty.
  append_field(out, 3, {});
  append_field(out, 4, {});
  return out;
}

expected<envelope> unwrap(std::string_view bytes) {
  meta::v1::Unknown inside;
  if (bytes.substr(0, mark.size()) != mark)
    return make_error(ec::bad_request,
                      "provided data does not appear to be a protobuf message");
  bytes.remove_prefix(mark.size());
  if (!inside.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return make_error(ec::bad_request, "the body's envelope cannot be read");
  return envelope{inside.type_meta().api_version(), inside.type_meta().kind(),
                  std::move(*inside.mutable_raw())};
}

std::string frame_event(std::string_view type, std::string_view body) {
  std::string extension;
  append_field(extension, 1, body);
  std::string event;
  append_field(event, 1, type);
  append_field(event, 2, extension);
  auto size = static_cast<uint32_t>(event.size());
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(size >> shift);
  return out + event;
}

} // namespace troupe::http
