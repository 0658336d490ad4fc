#include "tests/support/client_frames.hpp"

namespace troupe::http::client {

namespace {

void put32(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift & 0xff);
}

uint32_t number_at(std::string_view text, size_t at) {
  uint32_t out = 0;
  for (size_t i = 0; i < 4; ++i)
    out = out << 8 | static_cast<uint8_t>(text[at + i]);
  return out;
}

std::string numbers(uint32_t first, uint32_t second) {
  std::string out;
  put32(out, first);
  put32(out, second);
  return out;
}

std::string show_control(uint16_t type, uint8_t flags, std::string_view body,
                         spdy_header_reader& reader) {
  auto id = std::to_string(number_at(body, 0));
  auto second =
      body.size() >= 8 ? " " + std::to_string(number_at(body, 4)) : "";
  switch (type) {
    case 2:
      return "reply " + id + (reader.read(body.substr(4)) ? "" : " broken")
             + (flags != 0 ? " fin" : "");
    case 3:
      return "reset " + id + second;
    case 6:
      return "ping " + id;
    case 7:
      return "goaway " + id + second;
    case 9:
      return "window " + id + second;
    default:
      return "control " + std::to_string(type);
  }
}

} // namespace

std::string websocket(uint8_t opcode, std::string_view data, bool last) {
  std::string out;
  out += static_cast<char>((last ? 0x80 : 0) | opcode);
  if (data.size() < 126) {
    out += static_cast<char>(0x80 | data.size());
  } else if (data.size() < 0x10000) {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(data.size() >> 8);
    out += static_cast<char>(data.size() & 0xff);
  } else {
    out += static_cast<char>(0x80 | 127);
    put32(out, 0);
    put32(out, static_cast<uint32_t>(data.size()));
  }
  const std::string mask = "\x11\x22\x33\x44";
  out += mask;
  for (size_t i = 0; i < data.size(); ++i)
    out += static_cast<char>(data[i] ^ mask[i % 4]);
  return out;
}

std::string take_websocket(std::string& bytes, uint8_t& opcode) {
  opcode = 0;
  if (bytes.size() < 2)
    return {};
  opcode = static_cast<uint8_t>(bytes[0]) & 0x0f;
  size_t size = static_cast<uint8_t>(bytes[1]);
  size_t head = 2;
  if (size == 126) {
    size = static_cast<size_t>(static_cast<uint8_t>(bytes[2])) << 8
           | static_cast<uint8_t>(bytes[3]);
    head = 4;
  } else if (size == 127) {
    size = number_at(bytes, 6);
    head = 10;
  }
  auto out = bytes.substr(head, size);
  bytes.erase(0, head + size);
  return out;
}

std::vector<std::string> websocket_messages(std::string bytes) {
  std::vector<std::string> out;
  while (!bytes.empty()) {
    uint8_t opcode = 0;
    auto text = take_websocket(bytes, opcode);
    if (opcode == 0)
      break;
    out.push_back(std::to_string(opcode) + ":" + text);
  }
  return out;
}

std::vector<header> handshake(const std::string& protocols) {
  std::vector<header> out{{"Connection", "keep-alive, Upgrade"},
                          {"Upgrade", "WebSocket"},
                          {"Sec-WebSocket-Version", "13"},
                          {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  if (!protocols.empty())
    out.emplace_back("Sec-WebSocket-Protocol", protocols);
  return out;
}

std::vector<header> spdy_upgrade(const std::string& version) {
  std::vector<header> out{{"Connection", "Upgrade"}, {"Upgrade", "SPDY/3.1"}};
  if (!version.empty())
    out.emplace_back("X-Stream-Protocol-Version", version);
  return out;
}

std::string spdy::control(uint16_t type, uint8_t flags, std::string_view body) {
  std::string out;
  put32(out, 0x80030000u | type);
  put32(out, uint32_t{flags} << 24 | static_cast<uint32_t>(body.size()));
  return out += body;
}

std::string spdy::open(uint32_t stream, const std::vector<header>& headers,
                       bool last) {
  std::string body;
  put32(body, stream);
  put32(body, 0);
  body += std::string(2, '\0');
  body += writer_.write(headers);
  return control(1, last ? 1 : 0, body);
}

std::string spdy::data(uint32_t stream, std::string_view bytes, bool last) {
  std::string out;
  put32(out, stream);
  put32(out, (last ? 1u << 24 : 0) | static_cast<uint32_t>(bytes.size()));
  return out += bytes;
}

std::string spdy::reset(uint32_t stream) {
  return control(3, 0, numbers(stream, 5));
}

std::string spdy::window(uint32_t stream, uint32_t more) {
  return control(9, 0, numbers(stream, more));
}

std::string spdy::settings(uint32_t window) {
  std::string body;
  put32(body, 1);
  put32(body, 7);
  put32(body, window);
  return control(4, 0, body);
}

std::string spdy::ping(uint32_t id) {
  std::string body;
  put32(body, id);
  return control(6, 0, body);
}

std::string spdy::goaway() {
  return control(7, 0, numbers(0, 0));
}

std::vector<std::string> spdy::read(std::string_view bytes) {
  rest_ += bytes;
  std::vector<std::string> out;
  while (rest_.size() >= 8) {
    auto first = number_at(rest_, 0);
    auto second = number_at(rest_, 4);
    size_t length = second & 0xffffff;
    auto flags = static_cast<uint8_t>(second >> 24);
    if (rest_.size() < 8 + length)
      break;
    auto body = rest_.substr(8, length);
    if (first >> 31 != 0)
      out.push_back(show_control(first & 0xffff, flags, body, reader_));
    else
      out.push_back("data " + std::to_string(first) + " " + body
                    + (flags != 0 ? " fin" : ""));
    rest_.erase(0, 8 + length);
  }
  return out;
}

} // namespace troupe::http::client
