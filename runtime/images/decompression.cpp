#include "runtime/images/decompression.hpp"

#include <archive.h>
#include <archive_entry.h>

namespace troupe::images {

namespace {

constexpr size_t tar_block = 512;

std::string reason_of(archive* x) {
  auto text = archive_error_string(x);
  return text == nullptr ? "damaged" : text;
}

} // namespace

void archive_end::operator()(archive* x) const {
  archive_read_free(x);
}

decompression::decompression(int fd, stream_limits limits)
    : from_(archive_read_new()), limits_(std::move(limits)), fd_(fd) {
  // No filter that would run a program.
  archive_read_support_filter_gzip(from_.get());
  archive_read_support_filter_zstd(from_.get());
  archive_read_support_filter_bzip2(from_.get());
  archive_read_support_filter_xz(from_.get());
  archive_read_support_format_raw(from_.get());
  archive_read_support_format_empty(from_.get());
}

caf::error decompression::open() {
  open_ = true;
  archive_entry* entry = nullptr;
  if (archive_read_open_fd(from_.get(), fd_, buffer_.size()) != ARCHIVE_OK)
    return make_error(ec::invalid, reason_of(from_.get()));
  auto code = archive_read_next_header(from_.get(), &entry);
  if (code == ARCHIVE_EOF || code == ARCHIVE_OK || code == ARCHIVE_WARN)
    return {};
  return make_error(ec::invalid, reason_of(from_.get()));
}

expected<std::string_view> decompression::next() {
  if (!open_)
    if (auto err = open())
      return err;
  if (limits_.cancelled && limits_.cancelled())
    return make_error(ec::timeout, "cancelled");
  auto n = archive_read_data(from_.get(), buffer_.data(), buffer_.size());
  if (n < 0)
    return make_error(ec::invalid, reason_of(from_.get()));
  std::string_view piece{buffer_.data(), static_cast<size_t>(n)};
  bytes_ += piece.size();
  if (bytes_ > limits_.bytes)
    return make_error(ec::invalid, "unpacks to more than "
                                       + std::to_string(limits_.bytes)
                                       + " bytes");
  hash_.update(piece);
  return piece;
}

tar_reader::tar_reader(decompression& from)
    : from_(from), tar_(archive_read_new()) {
  archive_read_support_format_tar(tar_.get());
  archive_read_support_format_empty(tar_.get());
  if (archive_read_open(tar_.get(), this, nullptr, &tar_reader::read, nullptr)
      != ARCHIVE_OK)
    error_ = error_ ? error_ : problem("archive");
}

ssize_t tar_reader::read(archive* a, void* self, const void** buffer) {
  auto& me = *static_cast<tar_reader*>(self);
  auto piece = me.from_.next();
  if (!piece) {
    me.error_ = piece.error();
    archive_set_error(a, -1, "unreadable");
    return -1;
  }
  // Some tools write neither the padding of the last file nor the end; what is
  // cut off elsewhere is found by its digest.
  if (piece->empty() && me.from_.bytes() > 0 && !me.ended_) {
    static constexpr char zeros[3 * tar_block]{};
    me.ended_ = true;
    *buffer = zeros;
    return static_cast<ssize_t>(
        2 * tar_block + (tar_block - me.from_.bytes() % tar_block) % tar_block);
  }
  *buffer = piece->data();
  return static_cast<ssize_t>(piece->size());
}

expected<archive_entry*> tar_reader::next(const std::string& what) {
  archive_entry* entry = nullptr;
  auto code = archive_read_next_header(tar_.get(), &entry);
  if (code == ARCHIVE_EOF)
    return nullptr;
  if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
    return problem(what);
  return entry;
}

caf::error tar_reader::problem(const std::string& what) {
  if (error_)
    return make_error(is(error_, ec::timeout) ? ec::timeout : ec::invalid,
                      what + ": " + message_of(error_));
  return make_error(ec::invalid, what + ": " + reason_of(tar_.get()));
}

caf::error tar_reader::finish() {
  for (;;) {
    auto piece = from_.next();
    if (!piece)
      return piece.error();
    if (piece->empty())
      return {};
  }
}

utf8_names::utf8_names()
    : own_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)), before_(nullptr) {
  if (own_ != nullptr)
    before_ = uselocale(own_);
}

utf8_names::~utf8_names() {
  if (own_ == nullptr)
    return;
  uselocale(before_);
  freelocale(own_);
}

} // namespace troupe::images
