#include "runtime/http/gzip.hpp"

#include <zlib.h>

namespace troupe::http {

namespace {

constexpr int level = 1;
constexpr int gzip_window = 15 + 16; // zlib: 16 more means gzip's header
constexpr int memory_level = 8;

} // namespace

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, gzip_window, memory_level,
                   Z_DEFAULT_STRATEGY)
      != Z_OK)
    return {};
  std::string out;
  out.resize(deflateBound(&stream, bytes.size()));
  // zlib's interface predates const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  auto result = deflate(&stream, Z_FINISH);
  out.resize(result == Z_STREAM_END ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

} // namespace troupe::http
