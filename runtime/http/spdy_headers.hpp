#pragma once

#include "runtime/http/http_message.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::http {

/// The headers of one direction of a SPDY/3 session: all blocks are one zlib
/// stream that begins with the dictionary of the specification (2.6.10).
class spdy_header_reader {
public:
  /// Blocks that are longer once they are unpacked are refused.
  explicit spdy_header_reader(size_t most_bytes = 16u << 10);
  ~spdy_header_reader();
  spdy_header_reader(spdy_header_reader&&) noexcept;
  spdy_header_reader& operator=(spdy_header_reader&&) noexcept;

  /// Returns the names (in lower case) and values of the next block, one entry
  /// for each value; nothing when it is broken: the stream is over then.
  std::optional<std::vector<header>> read(std::string_view block);

private:
  class stream;
  size_t most_;
  std::unique_ptr<stream> stream_;
};

class spdy_header_writer {
public:
  spdy_header_writer();
  ~spdy_header_writer();
  spdy_header_writer(spdy_header_writer&&) noexcept;
  spdy_header_writer& operator=(spdy_header_writer&&) noexcept;

  /// Returns the next block. Blocks must be sent in this order.
  std::string write(const std::vector<header>& headers);

private:
  class stream;
  std::unique_ptr<stream> stream_;
};

} // namespace troupe::http
