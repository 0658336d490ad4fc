#include "runtime/http/stream_channels.hpp"

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

namespace troupe::http {

namespace {

constexpr uint8_t close_signal = 255;
constexpr size_t longest_size = 4096; // a terminal's size needs 30 bytes

std::string to_base64(std::string_view data) {
  std::string out(4 * ((data.size() + 2) / 3) + 1, '\0');
  auto size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(data.data()),
                      static_cast<int>(data.size()));
  out.resize(static_cast<size_t>(size));
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0)
    return std::nullopt;
  std::string out(3 * (text.size() / 4) + 1, '\0');
  auto size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  if (size < 0)
    return std::nullopt;
  auto padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  out.resize(static_cast<size_t>(size - padding));
  return out;
}

std::optional<terminal_size> read_size(std::string_view text) {
  auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object())
    return std::nullopt;
  auto number = [&](const char* name) -> uint32_t {
    auto found = json.find(name);
    if (found == json.end() || !found->is_number_unsigned())
      return 0;
    auto value = found->get<uint64_t>();
    return value > 0xffff ? 0 : static_cast<uint32_t>(value);
  };
  terminal_size out{number("Width"), number("Height")};
  if (out.width == 0 || out.height == 0)
    return std::nullopt;
  return out;
}

} // namespace

const std::vector<std::string>& remote_protocols() {
  static const std::vector<std::string> all{
      "",
      "v5.channel.k8s.io",
      "v4.channel.k8s.io",
      "v4.base64.channel.k8s.io",
      "channel.k8s.io",
      "base64.channel.k8s.io",
  };
  return all;
}

const std::vector<std::string>& forward_protocols() {
  static const std::vector<std::string> all{
      "",
      "v4.channel.k8s.io",
      "v4.base64.channel.k8s.io",
      std::string{spdy_forward_protocol},
  };
  return all;
}

const std::vector<std::string>& reader_protocols() {
  static const std::vector<std::string> all{"", "binary.k8s.io",
                                            "base64.binary.k8s.io"};
  return all;
}

channel_form form_of_protocol(std::string_view protocol) {
  channel_form out;
  out.base64 = protocol.find("base64.") != std::string_view::npos;
  out.closes = protocol.starts_with("v5.");
  out.tells_all = out.closes || protocol.starts_with("v4.");
  return out;
}

std::optional<channel_data> read_channel(const channel_form& form,
                                         std::string_view message) {
  if (message.empty())
    return std::nullopt;
  channel_data out;
  out.channel = static_cast<uint8_t>(message.front());
  message.remove_prefix(1);
  if (form.closes && out.channel == close_signal) {
    if (message.size() != 1)
      return std::nullopt;
    out.channel = static_cast<uint8_t>(message.front());
    out.end = true;
    return out;
  }
  if (!form.base64) {
    out.data = message;
    return out;
  }
  out.channel = static_cast<uint8_t>(out.channel - '0');
  auto data = from_base64(message);
  if (!data)
    return std::nullopt;
  out.data = std::move(*data);
  return out;
}

std::string channel_frame(const channel_form& form, uint8_t channel,
                          std::string_view data) {
  std::string text;
  text.reserve(data.size() + 1);
  if (form.base64) {
    text += static_cast<char>('0' + channel);
    text += to_base64(data);
    return websocket_frame(websocket_kind::text, text);
  }
  text += static_cast<char>(channel);
  text += data;
  return websocket_frame(websocket_kind::binary, text);
}

std::string reader_frame(const channel_form& form, std::string_view data) {
  if (form.base64)
    return websocket_frame(websocket_kind::text, to_base64(data));
  return websocket_frame(websocket_kind::binary, data);
}

std::optional<terminal_size> size_reader::add(std::string_view bytes) {
  std::optional<terminal_size> last;
  buffer_ += bytes;
  size_t begin = 0;
  for (auto end = buffer_.find('}'); end != std::string::npos;
       end = buffer_.find('}', begin)) {
    auto text = std::string_view{buffer_}.substr(begin, end + 1 - begin);
    if (auto size =
            text.size() <= longest_size ? read_size(text) : std::nullopt)
      last = size;
    begin = end + 1;
  }
  buffer_.erase(0, begin);
  if (buffer_.size() > longest_size)
    buffer_.clear();
  return last;
}

} // namespace troupe::http
