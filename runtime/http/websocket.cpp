#include "runtime/http/websocket.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace troupe::http {

namespace {

constexpr std::string_view version = "13";
/// RFC 6455, 1.3: proves that the server speaks WebSocket.
constexpr std::string_view magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr size_t key_size = 24; // 16 bytes in base64
constexpr size_t sha1_size = 20;
constexpr size_t longest_control = 125;
/// Kubernetes: browsers cannot set headers, so a token comes as a protocol.
constexpr std::string_view token_prefix =
    "base64url.bearer.authorization.k8s.io.";

constexpr uint8_t final_bit = 0x80;
constexpr uint8_t reserved_bits = 0x70;
constexpr uint8_t opcode_bits = 0x0f;
constexpr uint8_t mask_bit = 0x80;
constexpr uint8_t control_bit = 0x08;
constexpr uint8_t continuation = 0;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

std::string accept_value(std::string_view key) {
  auto text = std::string{key} + std::string{magic};
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha1(), nullptr);
  std::array<unsigned char, 4 * ((sha1_size + 2) / 3) + 1> out{};
  auto length =
      EVP_EncodeBlock(out.data(), hash.data(), static_cast<int>(sha1_size));
  return {reinterpret_cast<char*>(out.data()), static_cast<size_t>(length)};
}

uint8_t byte_at(std::string_view text, size_t i) {
  return static_cast<uint8_t>(text[i]);
}

/// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    auto first = byte_at(text, i++);
    if (first < 0x80)
      continue;
    size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4 || text.size() - i < more)
      return false;
    auto second = byte_at(text, i);
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high)
      return false;
    for (size_t k = 1; k < more; ++k)
      if ((byte_at(text, i + k) & 0xc0) != 0x80)
        return false;
    i += more;
  }
  return true;
}

/// RFC 6455, 7.4: those that may be sent.
bool may_be_sent(uint16_t code) {
  return (code >= 1000 && code <= 1011 && code != 1004 && code != 1005
          && code != 1006)
         || (code >= 3000 && code <= 4999);
}

caf::error bad(std::string why) {
  return make_error(ec::bad_request, std::move(why));
}

} // namespace

bool wants_upgrade(const std::vector<header>& headers) {
  return header_has_word(headers, "Connection", "upgrade")
         && !find_header(headers, "Upgrade").empty();
}

bool wants_upgrade(const std::vector<header>& headers, std::string_view to) {
  return wants_upgrade(headers) && header_has_word(headers, "Upgrade", to);
}

std::vector<std::string> offered_protocols(const std::vector<header>& headers) {
  std::vector<std::string> out;
  for (auto& h : headers) {
    if (!same_word(h.first, "Sec-WebSocket-Protocol"))
      continue;
    std::string_view rest = h.second;
    while (!rest.empty()) {
      auto end = std::min(rest.find(','), rest.size());
      auto word = trimmed(rest.substr(0, end));
      if (!word.empty() && !word.starts_with(token_prefix))
        out.emplace_back(word);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return out;
}

expected<websocket_greeting>
greet_websocket(const std::vector<header>& headers,
                const std::vector<std::string>& served) {
  if (!wants_upgrade(headers, "websocket"))
    return bad("not a websocket upgrade");
  if (find_header(headers, "Sec-WebSocket-Version") != version)
    return bad("missing or bad WebSocket Version");
  auto key = find_header(headers, "Sec-WebSocket-Key");
  if (key.size() != key_size)
    return bad("mismatch challenge/response: Sec-WebSocket-Key is no 16 bytes");
  auto offered = offered_protocols(headers);
  if (offered.empty())
    offered.emplace_back();
  auto fits = [&](auto& each) {
    return std::find(served.begin(), served.end(), each) != served.end();
  };
  auto chosen = std::find_if(offered.begin(), offered.end(), fits);
  if (chosen == offered.end())
    return make_error(ec::forbidden, "none of the requested subprotocols is "
                                     "supported");
  websocket_greeting out;
  out.protocol = *chosen;
  out.head.status = 101;
  out.head.headers = {{"Upgrade", "websocket"},
                      {"Connection", "Upgrade"},
                      {"Sec-WebSocket-Accept", accept_value(key)}};
  if (!out.protocol.empty())
    out.head.headers.emplace_back("Sec-WebSocket-Protocol", out.protocol);
  return out;
}

// -- reading ------------------------------------------------------------------

websocket_reader::websocket_reader(size_t most_bytes) : most_(most_bytes) {
  // nop
}

void websocket_reader::add(std::string_view bytes) {
  if (failed_)
    return;
  buffer_.erase(0, at_);
  at_ = 0;
  buffer_ += bytes;
}

websocket_reader::outcome websocket_reader::fail(websocket_code why) {
  failed_ = true;
  problem_ = why;
  buffer_.clear();
  partial_.clear();
  at_ = 0;
  return outcome::failed;
}

/// RFC 6455, 5.2. A frame is looked at when all of it is there.
websocket_reader::outcome websocket_reader::read_head(frame& out) {
  std::string_view rest = buffer_;
  rest.remove_prefix(at_);
  if (rest.size() < 2)
    return outcome::incomplete;
  auto first = byte_at(rest, 0);
  auto second = byte_at(rest, 1);
  out.last = (first & final_bit) != 0;
  out.opcode = first & opcode_bits;
  if ((first & reserved_bits) != 0 || (second & mask_bit) == 0)
    return fail(websocket_code::protocol_error);
  out.size = second & 0x7f;
  size_t wide = out.size == 126 ? 2 : out.size == 127 ? 8 : 0;
  auto head = 2 + wide + sizeof(out.mask);
  if (rest.size() < head)
    return outcome::incomplete;
  if (wide > 0)
    out.size = 0;
  for (size_t i = 0; i < wide; ++i)
    out.size = out.size << 8 | byte_at(rest, 2 + i);
  if ((wide == 2 && out.size < 126) || (wide == 8 && out.size < 0x10000)
      || out.size >> 63 != 0)
    return fail(websocket_code::protocol_error);
  if ((out.opcode & control_bit) != 0 && (!out.last || wide > 0))
    return fail(websocket_code::protocol_error);
  if (out.size > most_ - std::min(most_, partial_.size()))
    return fail(websocket_code::too_big);
  for (size_t i = 0; i < sizeof(out.mask); ++i)
    out.mask[i] = byte_at(rest, 2 + wide + i);
  out.begin = at_ + head;
  return rest.size() - head < out.size ? outcome::incomplete : outcome::ready;
}

std::string websocket_reader::payload_of(const frame& f) {
  auto out = buffer_.substr(f.begin, f.size);
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<char>(byte_at(out, i) ^ f.mask[i % sizeof(f.mask)]);
  at_ = f.begin + f.size;
  return out;
}

websocket_reader::outcome
websocket_reader::take_control(const frame& f, websocket_message& out) {
  out.kind = static_cast<websocket_kind>(f.opcode);
  out.code = websocket_code::no_status;
  out.data = payload_of(f);
  if (out.kind == websocket_kind::ping || out.kind == websocket_kind::pong)
    return outcome::ready;
  if (out.kind != websocket_kind::close || out.data.size() == 1)
    return fail(websocket_code::protocol_error);
  if (out.data.empty())
    return outcome::ready;
  auto code =
      static_cast<uint16_t>(byte_at(out.data, 0) << 8 | byte_at(out.data, 1));
  if (!may_be_sent(code))
    return fail(websocket_code::protocol_error);
  out.code = static_cast<websocket_code>(code);
  out.data.erase(0, 2);
  return is_utf8(out.data) ? outcome::ready : fail(websocket_code::bad_text);
}

websocket_reader::outcome websocket_reader::take_data(const frame& f,
                                                      websocket_message& out) {
  auto begins = f.opcode != continuation;
  if (begins == (opcode_ != 0) || f.opcode > 2)
    return fail(websocket_code::protocol_error);
  if (begins)
    opcode_ = f.opcode;
  if (partial_.empty())
    partial_ = payload_of(f);
  else
    partial_ += payload_of(f);
  if (!f.last)
    return outcome::incomplete;
  out.kind = static_cast<websocket_kind>(std::exchange(opcode_, 0));
  out.data = std::exchange(partial_, {});
  out.code = websocket_code::no_status;
  if (out.kind == websocket_kind::text && !is_utf8(out.data))
    return fail(websocket_code::bad_text);
  return outcome::ready;
}

websocket_reader::outcome websocket_reader::next(websocket_message& out) {
  while (!failed_) {
    frame f;
    auto got = read_head(f);
    if (got != outcome::ready)
      return got;
    if ((f.opcode & control_bit) != 0)
      return take_control(f, out);
    got = take_data(f, out);
    if (got != outcome::incomplete)
      return got;
  }
  return outcome::failed;
}

// -- writing ------------------------------------------------------------------

std::string websocket_frame(websocket_kind kind, std::string_view data) {
  std::string out;
  out.reserve(data.size() + 10);
  out += static_cast<char>(final_bit | static_cast<uint8_t>(kind));
  auto size = static_cast<uint64_t>(data.size());
  size_t wide = size < 126 ? 0 : size < 0x10000 ? 2 : 8;
  out += static_cast<char>(wide == 0 ? size : wide == 2 ? 126 : 127);
  for (size_t i = wide; i > 0; --i)
    out += static_cast<char>(size >> (8 * (i - 1)) & 0xff);
  out += data;
  return out;
}

std::string websocket_goodbye(websocket_code code, std::string_view reason) {
  auto number = static_cast<uint16_t>(code);
  std::string data{static_cast<char>(number >> 8),
                   static_cast<char>(number & 0xff)};
  reason = reason.substr(0, longest_control - data.size());
  while (!is_utf8(reason))
    reason.remove_suffix(1);
  data += reason;
  return websocket_frame(websocket_kind::close, data);
}

} // namespace troupe::http
