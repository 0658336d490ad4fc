#pragma once

#include "messages/errors.hpp"
#include "runtime/images/digest.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <locale.h>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>

struct archive;
struct archive_entry;

namespace troupe::images {

/// Ends a libarchive reader.
struct archive_end {
  void operator()(archive* x) const;
};

using archive_reader = std::unique_ptr<archive, archive_end>;

/// What a stream may come to, and when to stop.
struct stream_limits {
  uint64_t bytes = uint64_t{64} << 30; ///< decompressed
  std::function<bool()> cancelled{};   ///< asked now and then
};

/// Bytes of a file as they were before gzip, zstd, bzip2 or xz, and their hash
/// on the way. What is not compressed passes.
class decompression {
public:
  decompression(int fd, stream_limits limits);

  /// Returns the next bytes, valid until the next call; none at the end. An
  /// error is ec::invalid: damaged, or larger than the limit; ec::timeout when
  /// it was cancelled.
  expected<std::string_view> next();

  uint64_t bytes() const { return bytes_; }

  /// The digest of all that came, once the end has.
  std::string digest() { return hash_.finish(); }

private:
  caf::error open();

  archive_reader from_;
  stream_limits limits_;
  hasher hash_;
  int fd_;
  bool open_ = false;
  uint64_t bytes_ = 0;
  std::array<char, 64 * 1024> buffer_;
};

/// The entries of a tar over such a stream. The stream outlives it.
class tar_reader {
public:
  explicit tar_reader(decompression& from);

  /// libarchive's, set up to read; the stream's own error goes before its.
  archive* get() { return tar_.get(); }

  /// Returns the next entry, valid until the next call; null at the end.
  expected<archive_entry*> next(const std::string& what);

  /// Returns what is wrong with the stream or the archive.
  caf::error problem(const std::string& what);

  /// Reads what stands behind the last entry, so that the hash is of all.
  caf::error finish();

private:
  static ssize_t read(archive*, void* self, const void** buffer);

  decompression& from_;
  bool ended_ = false;
  caf::error error_;
  archive_reader tar_;
};

/// While it lives, this thread takes names in archives for UTF-8 and lets
/// others pass as they are, whatever the process' locale is.
class utf8_names {
public:
  utf8_names();
  ~utf8_names();

  utf8_names(const utf8_names&) = delete;
  utf8_names& operator=(const utf8_names&) = delete;

private:
  locale_t own_;
  locale_t before_;
};

} // namespace troupe::images
