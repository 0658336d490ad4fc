#include "runtime/images/store_work.hpp"

#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/random.hpp"
#include "runtime/images/digest.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::images {

namespace fs = std::filesystem;

namespace {

/// Between two looks at what another process does. Only while it fetches the
/// very same bytes.
constexpr int look_again_ms = 50;

std::string part_name(const std::string& digest) {
  return std::string{algorithm_of(digest)} + "-" + std::string{hex_of(digest)};
}

bool write_text(const fs::path& path, const std::string& text) {
  std::ofstream out{path, std::ios::binary};
  out << text;
  out.close();
  return out.good();
}

} // namespace

// -- blobs --------------------------------------------------------------------

blob_writer::~blob_writer() {
  // What has come is of use to the next attempt.
  if (!done_ && offset_ == 0)
    part_.release_and_remove();
}

caf::error blob_writer::restart() {
  if (ftruncate(part_.fd(), 0) != 0)
    return file_error("write", part_path_);
  lseek(part_.fd(), 0, SEEK_SET);
  offset_ = 0;
  hash_ = std::make_unique<hasher>(algorithm_of(digest_));
  return {};
}

caf::error blob_writer::hash_what_is_there() {
  hash_ = std::make_unique<hasher>(algorithm_of(digest_));
  offset_ = 0;
  lseek(part_.fd(), 0, SEEK_SET);
  auto err = read_pieces(part_.fd(), [&](std::string_view piece) {
    hash_->update(piece);
    offset_ += piece.size();
    return caf::error{};
  });
  if (err)
    return err;
  return offset_ > size_ ? restart() : caf::error{};
}

caf::error blob_writer::write(std::string_view bytes) {
  if (bytes.size() > size_ - offset_)
    return make_error(ec::invalid, "blob " + digest_ + " has more than its "
                                       + std::to_string(size_) + " bytes");
  if (!crypto::write_all(part_.fd(), bytes))
    return file_error("write", part_path_);
  hash_->update(bytes);
  offset_ += bytes.size();
  return {};
}

caf::error blob_writer::commit() {
  auto found = hash_->finish();
  if (offset_ != size_ || found != digest_) {
    auto got = std::to_string(offset_) + " of " + std::to_string(size_);
    if (auto err = restart())
      return err;
    return make_error(ec::invalid, "blob " + digest_ + ": got " + got
                                       + " bytes, their digest is " + found);
  }
  // Its age is counted from now on.
  futimens(part_.fd(), nullptr);
  if (rename(part_path_.c_str(), place_.c_str()) != 0)
    return file_error("make", place_);
  done_ = true;
  return {};
}

// -- work ---------------------------------------------------------------------

expected<std::unique_ptr<store_work>>
store_work::begin(std::shared_ptr<image_store> store, time_point now) {
  if (auto err = store->sweep(now))
    return err;
  std::unique_ptr<store_work> result{new store_work{std::move(store)}};
  auto name = crypto::random_word(16);
  auto folder = result->store_->folder() / "work";
  // Under the lock: nobody takes it for left behind before it is ours.
  auto all = result->store_->lock();
  if (!all)
    return all.error();
  result->file_ = folder / (name + ".needs");
  auto mine = file_lock::take(result->file_);
  if (!mine)
    return mine.error();
  result->mine_ = std::move(*mine);
  result->scratch_ = folder / (name + ".d");
  if (mkdir(result->scratch_.c_str(), 0700) != 0)
    return file_error("make", result->scratch_);
  return result;
}

store_work::~store_work() {
  if (!scratch_.empty()) [[maybe_unused]]
    auto left = remove_tree(scratch_);
  mine_.release_and_remove();
}

caf::error store_work::need(const std::string& digest) {
  std::lock_guard guard{mutex_};
  if (needs_.count(digest) != 0)
    return {};
  auto all = store_->lock();
  if (!all)
    return all.error();
  if (!crypto::write_all(mine_.fd(), digest + "\n"))
    return file_error("write", file_);
  needs_.insert(digest);
  return {};
}

bool store_work::has_blob(const std::string& digest) const {
  std::error_code ignored;
  return fs::exists(store_->blob_path(digest), ignored);
}

bool store_work::has_layer(const std::string& chain) const {
  std::error_code ignored;
  return fs::exists(store_->layer_path(chain), ignored);
}

expected<file_lock>
store_work::wait_for(const fs::path& path,
                     const std::function<bool()>& cancelled) {
  for (;;) {
    auto mine = file_lock::try_take(path);
    if (!mine || *mine)
      return mine;
    if (cancelled && cancelled())
      return make_error(ec::timeout, "cancelled");
    poll(nullptr, 0, look_again_ms);
  }
}

expected<std::unique_ptr<blob_writer>>
store_work::write_blob(const std::string& digest, uint64_t size,
                       const std::function<bool()>& cancelled) {
  if (!is_digest(digest))
    return make_error(ec::invalid, "\"" + digest + "\" is no digest");
  if (auto err = need(digest))
    return err;
  if (has_blob(digest))
    return std::unique_ptr<blob_writer>{};
  auto part = store_->folder() / "parts" / part_name(digest);
  auto mine = wait_for(part, cancelled);
  if (!mine)
    return mine.error();
  if (has_blob(digest)) {
    mine->release_and_remove();
    return std::unique_ptr<blob_writer>{};
  }
  std::unique_ptr<blob_writer> result{new blob_writer};
  result->part_ = std::move(*mine);
  result->part_path_ = part;
  result->place_ = store_->blob_path(digest);
  result->digest_ = digest;
  result->size_ = size;
  if (auto err = result->hash_what_is_there())
    return err;
  return result;
}

caf::error store_work::put(const std::string& digest, std::string_view bytes) {
  auto blob = write_blob(digest, bytes.size());
  if (!blob)
    return blob.error();
  if (!*blob)
    return {};
  if (auto err = (*blob)->restart())
    return err;
  if (auto err = (*blob)->write(bytes))
    return err;
  return (*blob)->commit();
}

caf::error store_work::adopt(const fs::path& file, const std::string& digest) {
  if (auto err = need(digest))
    return err;
  if (rename(file.c_str(), store_->blob_path(digest).c_str()) != 0)
    return file_error("make", store_->blob_path(digest));
  return {};
}

// -- layers -------------------------------------------------------------------

caf::error store_work::unpack(const std::string& blob,
                              const std::string& parent,
                              const std::string& diff_id,
                              const std::vector<fs::path>& below,
                              const std::function<bool()>& cancelled) {
  auto chain = chain_id(parent, diff_id);
  if (auto err = need(chain))
    return err;
  if (has_layer(chain))
    return {};
  auto mine = wait_for(
      store_->folder() / "work" / ("layer-" + part_name(chain)), cancelled);
  if (!mine)
    return mine.error();
  auto err = has_layer(chain)
                 ? caf::error{}
                 : unpack_new(blob, chain, diff_id, below, cancelled);
  mine->release_and_remove();
  return err;
}

caf::error store_work::unpack_new(const std::string& blob,
                                  const std::string& chain,
                                  const std::string& diff_id,
                                  const std::vector<fs::path>& below,
                                  const std::function<bool()>& cancelled) {
  fs::path made;
  {
    std::lock_guard guard{mutex_};
    made = scratch_ / ("layer-" + std::to_string(++next_));
  }
  for (auto& path : {made, made / "diff"})
    if (mkdir(path.c_str(), path == made ? 0700 : 0755) != 0)
      return file_error("make", path);
  auto fd = open_file(store_->blob_path(blob), O_RDONLY);
  if (!fd)
    return fd.error();
  unpack_options options;
  options.marks = store_->marks();
  options.give = geteuid() == 0;
  options.stream = store_->options().layer;
  options.stream.cancelled = cancelled;
  options.below = below;
  auto done = unpack_layer(fd->get(), made / "diff", options);
  auto err = done ? caf::error{} : done.error();
  if (done && done->diff_id != diff_id)
    err = make_error(ec::invalid, "layer " + blob + ": unpacked it is "
                                      + done->diff_id + ", not " + diff_id);
  // A blob of which nothing can be made is fetched anew the next time.
  if (is(err, ec::invalid))
    unlink(store_->blob_path(blob).c_str());
  if (err)
    return err;
  auto use = use_of(made);
  auto boot = read_small("/proc/sys/kernel/random/boot_id", 128);
  if (!write_text(made / "use", std::to_string(use.bytes) + " "
                                    + std::to_string(use.inodes) + "\n")
      || !write_text(made / "boot", boot ? *boot : std::string{}))
    return file_error("write", made);
  store_->at("layer");
  if (rename(made.c_str(), store_->layer_path(chain).c_str()) != 0
      && errno != EEXIST && errno != ENOTEMPTY)
    return file_error("make", store_->layer_path(chain));
  store_->at("layer-done");
  return {};
}

void store_work::drop_blob(const std::string& digest) {
  std::lock_guard guard{mutex_};
  auto all = store_->lock();
  if (!all)
    return;
  // Whoever works on it, too, has said so.
  std::error_code problem;
  fs::directory_iterator at{store_->folder() / "work", problem};
  for (; !problem && at != fs::directory_iterator{}; at.increment(problem)) {
    auto& each = *at;
    if (each.path().extension() != ".needs" || each.path() == file_)
      continue;
    std::ifstream in{each.path()};
    for (std::string line; std::getline(in, line);)
      if (line == digest)
        return;
  }
  // What cannot be looked through may have somebody who needs it.
  if (problem)
    return;
  unlink(store_->blob_path(digest).c_str());
}

// -- naming -------------------------------------------------------------------

caf::error store_work::check_whole(const image_record& x,
                                   const manifest& from) const {
  if (x.layers.size() != from.layers.size())
    return make_error(ec::invalid, "image has "
                                       + std::to_string(from.layers.size())
                                       + " layers, its configuration "
                                       + std::to_string(x.layers.size()));
  for (auto& each : x.layers)
    if (!has_layer(each))
      return make_error(ec::internal_error, "layer " + each + " is not there");
  return {};
}

expected<image_record> store_work::add(const std::string& manifest_digest,
                                       const std::vector<std::string>& tags,
                                       const std::vector<std::string>& digests,
                                       bool pinned, time_point now) {
  auto bytes = store_->read_document(manifest_digest);
  if (!bytes)
    return bytes.error();
  auto read = parse_document(*bytes, "", store_->options().documents);
  if (!read)
    return read.error();
  if (!read->manifest)
    return make_error(ec::invalid, manifest_digest + " is no manifest");
  image_record x;
  x.id = read->manifest->config.digest;
  x.manifest = manifest_digest;
  x.tags = tags;
  x.digests = digests;
  x.added = x.used = now;
  x.pinned = pinned;
  auto config = store_->config_of(x);
  if (!config)
    return config.error();
  x.platform = config->platform.text();
  std::string chain;
  for (auto& each : config->diff_ids)
    x.layers.push_back(chain = chain_id(chain, each));
  if (auto err = check_whole(x, *read->manifest))
    return err;
  x.size = bytes->size() + read->manifest->config.size;
  for (auto& each : x.layers) {
    std::ifstream in{store_->layer_path(each) / "use"};
    uint64_t use = 0;
    in >> use;
    x.size += use;
  }
  store_->at("sync");
  if (store_->options().sync && syncfs(mine_.fd()) != 0)
    return file_error("sync", store_->folder());
  auto all = store_->lock();
  if (!all)
    return all.error();
  auto index = store_->read_index();
  if (!index)
    return index.error();
  index->add(x);
  if (auto err = store_->write_index(*index))
    return err;
  auto found = index->find(x.id);
  if (!found)
    return found.error();
  return **found;
}

} // namespace troupe::images
