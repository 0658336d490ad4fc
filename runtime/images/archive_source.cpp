#include "runtime/images/archive_source.hpp"

#include "runtime/crypto/key_files.hpp"
#include "runtime/images/decompression.hpp"
#include "runtime/images/digest.hpp"
#include "runtime/images/layer_place.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

namespace troupe::images {

namespace fs = std::filesystem;

namespace {

constexpr size_t most_files = 100'000;
constexpr size_t most_document_bytes = 64 << 20; ///< all of them
constexpr int most_links = 16;

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size()
         && text.substr(text.size() - end.size()) == end;
}

/// What is read as text, whatever else stands in the archive.
bool is_small(const std::string& path) {
  return path.rfind("blobs/", 0) != 0
         && (ends_with(path, ".json") || path == "oci-layout"
             || path == "repositories");
}

/// The digest that a file of an OCI layout has by its name; "" for others.
std::string named_digest(const std::string& path) {
  if (path.rfind("blobs/", 0) != 0)
    return {};
  auto digest = path.substr(6);
  if (auto slash = digest.find('/'); slash != digest.npos)
    digest[slash] = ':';
  return is_digest(digest) ? digest : std::string{};
}

} // namespace

std::string layout_path(const std::string& digest) {
  return "blobs/" + std::string{algorithm_of(digest)} + "/"
         + std::string{hex_of(digest)};
}

// -- a tar --------------------------------------------------------------------

class tar_source::reading {
public:
  reading(tar_source& to, tar_reader& from, const load_options& options)
      : to_(to), from_(from), options_(options) {}

  caf::error run() {
    for (;;) {
      auto entry = from_.next("archive");
      if (!entry)
        return entry.error();
      if (*entry == nullptr)
        return {};
      if (++files_ > most_files)
        return make_error(ec::invalid, "archive: too many files");
      if (auto err = take(*entry))
        return err;
    }
  }

private:
  caf::error take(archive_entry* entry) {
    auto name = archive_entry_pathname(entry);
    auto path = inner_path(name == nullptr ? "" : name);
    if (!path)
      return make_error(ec::invalid, "archive: \""
                                         + std::string{name ? name : ""}
                                         + "\": " + message_of(path.error()));
    if (auto target = archive_entry_hardlink(entry))
      return take_link(*path, target);
    if (archive_entry_filetype(entry) == AE_IFLNK) {
      auto target = archive_entry_symlink(entry);
      auto at = fs::path{split(*path).folder} / (target ? target : "");
      return take_link(*path, at.lexically_normal().string());
    }
    if (archive_entry_filetype(entry) != AE_IFREG)
      return {};
    return is_small(*path) ? take_document(*path) : take_blob(*path);
  }

  caf::error take_link(const std::string& path, const std::string& target) {
    auto inner = inner_path(target);
    if (!inner)
      return make_error(ec::invalid, "archive: \"" + path + "\" is a link to \""
                                         + target
                                         + "\", which is not in the archive");
    to_.links_[path] = *inner;
    return {};
  }

  template <class F>
  caf::error pieces(F take) {
    for (;;) {
      const void* data = nullptr;
      size_t n = 0;
      int64_t at = 0;
      auto code = archive_read_data_block(from_.get(), &data, &n, &at);
      if (code == ARCHIVE_EOF)
        return {};
      if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
        return from_.problem("archive");
      if (at != static_cast<int64_t>(seen_))
        return make_error(ec::invalid, "archive: a file with holes");
      seen_ += n;
      if (auto err = take(std::string_view{static_cast<const char*>(data), n}))
        return err;
    }
  }

  caf::error take_document(const std::string& path) {
    std::string bytes;
    seen_ = 0;
    auto err = pieces([&](std::string_view piece) {
      bytes += piece;
      documents_ += piece.size();
      if (bytes.size() > to_.work_.store().options().documents.bytes
          || documents_ > most_document_bytes)
        return make_error(ec::invalid,
                          "archive: \"" + path + "\" is too large");
      return caf::error{};
    });
    if (!err)
      to_.documents_[path] = std::move(bytes);
    return err;
  }

  caf::error take_blob(const std::string& path) {
    auto wanted = named_digest(path);
    auto file = to_.work_.scratch() / "incoming";
    auto fd = open_file(file, O_WRONLY | O_CREAT | O_TRUNC);
    if (!fd)
      return fd.error();
    hasher hash{algorithm_of(wanted)};
    seen_ = 0;
    auto err = pieces([&](std::string_view piece) {
      hash.update(piece);
      return crypto::write_all(fd->get(), piece) ? caf::error{}
                                                 : file_error("write", file);
    });
    if (err)
      return err;
    auto digest = hash.finish();
    if (!wanted.empty() && digest != wanted)
      return make_error(ec::invalid,
                        "archive: \"" + path + "\": its digest is " + digest);
    to_.blobs_[path] = {"", digest, seen_};
    return to_.work_.adopt(file, digest);
  }

  tar_source& to_;
  tar_reader& from_;
  const load_options& options_;
  size_t files_ = 0;
  size_t documents_ = 0;
  uint64_t seen_ = 0;
};

caf::error tar_source::read(int fd, const load_options& options) {
  utf8_names names;
  decompression bytes{fd, {options.most_bytes, options.cancelled}};
  tar_reader tar{bytes};
  return reading{*this, tar, options}.run();
}

const std::string* tar_source::find(const std::string& path) const {
  auto at = &path;
  for (int i = 0; i < most_links; ++i) {
    auto link = links_.find(*at);
    if (link == links_.end())
      return at;
    at = &link->second;
  }
  return nullptr; // they lead in a circle
}

bool tar_source::has(const std::string& path) const {
  auto at = find(path);
  return at != nullptr
         && (documents_.count(*at) != 0 || blobs_.count(*at) != 0);
}

expected<std::string> tar_source::document(const std::string& path) {
  auto at = find(path);
  if (at != nullptr) {
    if (auto found = documents_.find(*at); found != documents_.end())
      return found->second;
    if (auto found = blobs_.find(*at); found != blobs_.end())
      return work_.store().read_document(found->second.digest);
  }
  return make_error(ec::not_found, "archive: there is no \"" + path + "\"");
}

expected<descriptor> tar_source::blob(const std::string& path) {
  auto at = find(path);
  if (at != nullptr)
    if (auto found = blobs_.find(*at); found != blobs_.end())
      return found->second;
  auto text = document(path);
  if (!text)
    return text.error();
  auto digest = digest_of(*text);
  if (auto err = work_.put(digest, *text))
    return err;
  return descriptor{"", digest, text->size()};
}

// -- a folder -----------------------------------------------------------------

bool folder_source::has(const std::string& path) const {
  std::error_code ignored;
  return fs::is_regular_file(folder_ / path, ignored);
}

expected<std::string> folder_source::document(const std::string& path) {
  return read_small(folder_ / path, work_.store().options().documents.bytes);
}

expected<descriptor> folder_source::blob(const std::string& path) {
  auto digest = named_digest(path);
  auto fd = open_file(folder_ / path, O_RDONLY | O_NONBLOCK);
  if (!fd)
    return fd.error();
  auto size = lseek(fd->get(), 0, SEEK_END);
  if (digest.empty() || size < 0 || lseek(fd->get(), 0, SEEK_SET) != 0)
    return make_error(ec::invalid,
                      (folder_ / path).string() + " is no blob of a layout");
  auto to = work_.write_blob(digest, static_cast<uint64_t>(size));
  if (!to)
    return to.error();
  descriptor result{"", digest, static_cast<uint64_t>(size)};
  if (!*to)
    return result;
  if (auto err = (*to)->restart())
    return err;
  if (auto err = read_pieces(fd->get(), [&](std::string_view piece) {
        return (*to)->write(piece);
      }))
    return err;
  if (auto err = (*to)->commit())
    return err;
  return result;
}

} // namespace troupe::images
