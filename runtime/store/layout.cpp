#include "runtime/store/layout.hpp"

namespace troupe::store {

namespace {

/// 0x00 becomes 0x00 0xFF and the end is 0x00 0x00, so that escaped keys sort
/// as the keys do, whatever follows them.
void append_escaped(std::string& out, std::string_view key) {
  for (char c : key) {
    out.push_back(c);
    if (c == '\0')
      out.push_back('\xff');
  }
  out.append(2, '\0');
}

bool take_escaped(std::string_view& in, std::string& key) {
  key.clear();
  for (size_t i = 0; i + 1 < in.size(); ++i) {
    if (in[i] != '\0') {
      key.push_back(in[i]);
      continue;
    }
    ++i;
    if (in[i] == '\0') {
      in.remove_prefix(i + 1);
      return true;
    }
    if (in[i] != '\xff')
      return false;
    key.push_back('\0');
  }
  return false;
}

std::string tagged(char tag, std::string_view rest) {
  std::string out;
  out.reserve(rest.size() + 1);
  out.push_back(tag);
  out.append(rest);
  return out;
}

} // namespace

void append_fixed32(std::string& out, uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(number >> shift));
}

void append_fixed64(std::string& out, uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(number >> shift));
}

void append_varint(std::string& out, uint64_t number) {
  while (number >= 0x80) {
    out.push_back(static_cast<char>(number | 0x80));
    number >>= 7;
  }
  out.push_back(static_cast<char>(number));
}

bool take_fixed32(std::string_view& in, uint32_t& number) {
  if (in.size() < 4)
    return false;
  number = 0;
  for (size_t i = 0; i < 4; ++i)
    number = (number << 8) | static_cast<unsigned char>(in[i]);
  in.remove_prefix(4);
  return true;
}

bool take_fixed64(std::string_view& in, uint64_t& number) {
  if (in.size() < 8)
    return false;
  number = 0;
  for (size_t i = 0; i < 8; ++i)
    number = (number << 8) | static_cast<unsigned char>(in[i]);
  in.remove_prefix(8);
  return true;
}

bool take_varint(std::string_view& in, uint64_t& number) {
  number = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    number |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80)
      return true;
  }
  return false;
}

std::string current_key(std::string_view key) {
  return tagged('k', key);
}

std::string history_key(position at) {
  std::string out{"h"};
  append_fixed64(out, at.revision);
  append_fixed32(out, at.sub);
  return out;
}

std::string version_prefix(std::string_view key) {
  std::string out{"v"};
  out.reserve(key.size() + 16);
  append_escaped(out, key);
  return out;
}

std::string version_key(std::string_view key, position at) {
  auto out = version_prefix(key);
  append_fixed64(out, ~at.revision);
  append_fixed32(out, ~at.sub);
  return out;
}

std::string lease_key(uint64_t lease) {
  std::string out{"l"};
  append_fixed64(out, lease);
  return out;
}

std::string attached_prefix(uint64_t lease) {
  std::string out{"a"};
  append_fixed64(out, lease);
  return out;
}

std::string attached_key(uint64_t lease, std::string_view key) {
  return attached_prefix(lease).append(key);
}

std::optional<position> read_history_key(std::string_view raw) {
  position at;
  if (raw.size() != 13 || raw.front() != 'h')
    return std::nullopt;
  raw.remove_prefix(1);
  take_fixed64(raw, at.revision);
  take_fixed32(raw, at.sub);
  return at;
}

std::optional<version_entry> read_version_key(std::string_view raw) {
  version_entry entry;
  if (raw.empty() || raw.front() != 'v')
    return std::nullopt;
  raw.remove_prefix(1);
  if (!take_escaped(raw, entry.key) || raw.size() != 12)
    return std::nullopt;
  take_fixed64(raw, entry.at.revision);
  take_fixed32(raw, entry.at.sub);
  entry.at.revision = ~entry.at.revision;
  entry.at.sub = ~entry.at.sub;
  return entry;
}

std::string encode(const key_meta& meta) {
  std::string out;
  append_varint(out, meta.at.revision);
  append_varint(out, meta.at.sub);
  append_varint(out, meta.create_revision);
  append_varint(out, meta.version);
  append_varint(out, meta.lease);
  return out;
}

std::optional<key_meta> decode_meta(std::string_view raw) {
  key_meta meta;
  uint64_t sub = 0;
  if (!take_varint(raw, meta.at.revision) || !take_varint(raw, sub)
      || !take_varint(raw, meta.create_revision)
      || !take_varint(raw, meta.version) || !take_varint(raw, meta.lease)
      || !raw.empty())
    return std::nullopt;
  meta.at.sub = static_cast<uint32_t>(sub);
  return meta;
}

std::string encode(const change& what) {
  std::string out;
  out.reserve(what.key.size() + what.value.size() + 32);
  out.push_back(what.deleted ? 2 : 1);
  append_varint(out, what.create_revision);
  append_varint(out, what.version);
  append_varint(out, what.lease);
  append_varint(out, what.previous.revision);
  append_varint(out, what.previous.sub);
  append_varint(out, what.key.size());
  out.append(what.key);
  out.append(what.value);
  return out;
}

std::optional<change> decode_change(std::string_view raw) {
  change what;
  if (raw.empty() || raw.front() < 1 || raw.front() > 2)
    return std::nullopt;
  what.deleted = raw.front() == 2;
  raw.remove_prefix(1);
  uint64_t sub = 0;
  uint64_t size = 0;
  if (!take_varint(raw, what.create_revision) || !take_varint(raw, what.version)
      || !take_varint(raw, what.lease)
      || !take_varint(raw, what.previous.revision) || !take_varint(raw, sub)
      || !take_varint(raw, size) || raw.size() < size)
    return std::nullopt;
  what.previous.sub = static_cast<uint32_t>(sub);
  what.key = raw.substr(0, size);
  what.value = raw.substr(size);
  return what;
}

std::string encode(const lease_record& lease) {
  std::string out;
  append_varint(out, lease.ttl_seconds);
  append_varint(out, lease.remaining_seconds);
  return out;
}

std::optional<lease_record> decode_lease(uint64_t id, std::string_view raw) {
  lease_record lease;
  lease.id = id;
  if (!take_varint(raw, lease.ttl_seconds)
      || !take_varint(raw, lease.remaining_seconds) || !raw.empty())
    return std::nullopt;
  return lease;
}

std::string encode_number(uint64_t number) {
  std::string out;
  append_fixed64(out, number);
  return out;
}

std::optional<uint64_t> decode_number(std::string_view raw) {
  uint64_t number = 0;
  if (raw.size() != 8)
    return std::nullopt;
  take_fixed64(raw, number);
  return number;
}

} // namespace troupe::store
