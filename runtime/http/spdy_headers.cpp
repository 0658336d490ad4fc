#include "runtime/http/spdy_headers.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <zlib.h>

namespace troupe::http {

namespace {

void put32(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift & 0xff);
}

/// SPDY/3, 2.6.10.1: words with their lengths, then text.
std::string make_dictionary() {
  constexpr auto words = std::to_array<std::string_view>({
      "options",
      "head",
      "post",
      "put",
      "delete",
      "trace",
      "accept",
      "accept-charset",
      "accept-encoding",
      "accept-language",
      "accept-ranges",
      "age",
      "allow",
      "authorization",
      "cache-control",
      "connection",
      "content-base",
      "content-encoding",
      "content-language",
      "content-length",
      "content-location",
      "content-md5",
      "content-range",
      "content-type",
      "date",
      "etag",
      "expect",
      "expires",
      "from",
      "host",
      "if-match",
      "if-modified-since",
      "if-none-match",
      "if-range",
      "if-unmodified-since",
      "last-modified",
      "location",
      "max-forwards",
      "pragma",
      "proxy-authenticate",
      "proxy-authorization",
      "range",
      "referer",
      "retry-after",
      "server",
      "te",
      "trailer",
      "transfer-encoding",
      "upgrade",
      "user-agent",
      "vary",
      "via",
      "warning",
      "www-authenticate",
      "method",
      "get",
      "status",
      "200 OK",
      "version",
      "HTTP/1.1",
      "url",
      "public",
      "set-cookie",
      "keep-alive",
      "origin",
  });
  std::string out;
  for (auto word : words) {
    put32(out, static_cast<uint32_t>(word.size()));
    out += word;
  }
  out += "100101201202205206300302303304305306307402405406407408409410411412413"
         "414415416417502504505203 Non-Authoritative Information204 No "
         "Content301 Moved Permanently400 Bad Request401 Unauthorized403 "
         "Forbidden404 Not Found500 Internal Server Error501 Not "
         "Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug "
         "Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, "
         "GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,"
         "application/xhtml+xml,text/plain,text/javascript,publicprivatemax-"
         "age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";
  return out;
}

const std::string& dictionary() {
  static const auto text = make_dictionary();
  return text;
}

Bytef* bytes_of(std::string_view text) {
  // zlib's interface predates const.
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

/// Takes numbers and texts from the front of a block.
class block_reader {
public:
  explicit block_reader(std::string_view rest) : rest_(rest) {}

  std::optional<uint32_t> number() {
    if (rest_.size() < 4)
      return std::nullopt;
    uint32_t out = 0;
    for (int i = 0; i < 4; ++i)
      out = out << 8 | static_cast<uint8_t>(rest_[static_cast<size_t>(i)]);
    rest_.remove_prefix(4);
    return out;
  }

  std::optional<std::string_view> text() {
    auto size = number();
    if (!size || *size > rest_.size())
      return std::nullopt;
    auto out = rest_.substr(0, *size);
    rest_.remove_prefix(*size);
    return out;
  }

  bool done() const { return rest_.empty(); }

private:
  std::string_view rest_;
};

/// SPDY/3, 2.6.10: several values of a name are parted by zeros.
std::optional<std::vector<header>> read_pairs(std::string_view block) {
  block_reader in{block};
  auto count = in.number();
  if (!count)
    return std::nullopt;
  std::vector<header> out;
  // Each value has a copy of its name: short frames must not become long.
  auto room = block.size();
  for (uint32_t i = 0; i < *count; ++i) {
    auto name = in.text();
    auto values = name ? in.text() : std::nullopt;
    if (!values || name->empty())
      return std::nullopt;
    std::string lower{*name};
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    for (size_t at = 0; at <= values->size();) {
      auto end = std::min(values->find('\0', at), values->size());
      if (lower.size() + end - at > room)
        return std::nullopt;
      room -= lower.size() + end - at;
      out.emplace_back(lower, values->substr(at, end - at));
      at = end + 1;
    }
  }
  return in.done() ? std::optional{std::move(out)} : std::nullopt;
}

} // namespace

// -- reading ------------------------------------------------------------------

class spdy_header_reader::stream {
public:
  stream() { good_ = inflateInit(&z_) == Z_OK; }
  ~stream() { inflateEnd(&z_); }
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  std::optional<std::string> unpack(std::string_view block, size_t most) {
    std::string out;
    std::array<char, 4096> piece;
    z_.next_in = bytes_of(block);
    z_.avail_in = static_cast<uInt>(block.size());
    while (good_) {
      z_.next_out = reinterpret_cast<Bytef*>(piece.data());
      z_.avail_out = static_cast<uInt>(piece.size());
      auto result = inflate(&z_, Z_SYNC_FLUSH);
      if (result == Z_NEED_DICT) {
        result = inflateSetDictionary(&z_, bytes_of(dictionary()),
                                      static_cast<uInt>(dictionary().size()));
        good_ = result == Z_OK;
        continue;
      }
      out.append(piece.data(), piece.size() - z_.avail_out);
      if ((result != Z_OK && result != Z_BUF_ERROR) || out.size() > most)
        good_ = false;
      else if (z_.avail_in == 0 && z_.avail_out != 0)
        return out;
    }
    good_ = false;
    return std::nullopt;
  }

private:
  z_stream z_{};
  bool good_ = false;
};

spdy_header_reader::spdy_header_reader(size_t most_bytes)
    : most_(most_bytes), stream_(std::make_unique<stream>()) {
  // nop
}

spdy_header_reader::~spdy_header_reader() = default;
spdy_header_reader::spdy_header_reader(spdy_header_reader&&) noexcept = default;
spdy_header_reader&
spdy_header_reader::operator=(spdy_header_reader&&) noexcept = default;

std::optional<std::vector<header>>
spdy_header_reader::read(std::string_view block) {
  auto text = stream_->unpack(block, most_);
  return text ? read_pairs(*text) : std::nullopt;
}

// -- writing ------------------------------------------------------------------

class spdy_header_writer::stream {
public:
  stream() {
    deflateInit(&z_, Z_BEST_COMPRESSION);
    deflateSetDictionary(&z_, bytes_of(dictionary()),
                         static_cast<uInt>(dictionary().size()));
  }
  ~stream() { deflateEnd(&z_); }
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  std::string pack(std::string_view text) {
    std::string out;
    std::array<char, 1024> piece;
    z_.next_in = bytes_of(text);
    z_.avail_in = static_cast<uInt>(text.size());
    do {
      z_.next_out = reinterpret_cast<Bytef*>(piece.data());
      z_.avail_out = static_cast<uInt>(piece.size());
      deflate(&z_, Z_SYNC_FLUSH);
      out.append(piece.data(), piece.size() - z_.avail_out);
    } while (z_.avail_out == 0);
    return out;
  }

private:
  z_stream z_{};
};

spdy_header_writer::spdy_header_writer() : stream_(std::make_unique<stream>()) {
  // nop
}

spdy_header_writer::~spdy_header_writer() = default;
spdy_header_writer::spdy_header_writer(spdy_header_writer&&) noexcept = default;
spdy_header_writer&
spdy_header_writer::operator=(spdy_header_writer&&) noexcept = default;

std::string spdy_header_writer::write(const std::vector<header>& headers) {
  std::string text;
  put32(text, static_cast<uint32_t>(headers.size()));
  for (auto& [name, value] : headers) {
    put32(text, static_cast<uint32_t>(name.size()));
    std::transform(name.begin(), name.end(), std::back_inserter(text),
                   [](unsigned char c) { return std::tolower(c); });
    put32(text, static_cast<uint32_t>(value.size()));
    text += value;
  }
  return stream_->pack(text);
}

} // namespace troupe::http
