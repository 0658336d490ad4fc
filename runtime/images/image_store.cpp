#include "runtime/images/image_store.hpp"

#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/random.hpp"
#include "runtime/images/digest.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace troupe::images {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view format_word = "troupe-images-1";
constexpr size_t largest_index = 256 << 20;
constexpr auto trash = "trash-";

caf::error make_folder(const fs::path& path) {
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST)
    return {};
  return file_error("make", path);
}

time_point changed_at(const fs::path& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0)
    return {};
  return time_point{std::chrono::duration_cast<time_point::duration>(
      std::chrono::seconds(info.st_mtim.tv_sec)
      + std::chrono::nanoseconds(info.st_mtim.tv_nsec))};
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> result;
  std::error_code ignored;
  for (auto& each : fs::directory_iterator{folder, ignored})
    result.push_back(each.path());
  return result;
}

/// Names of containers, as file names.
bool is_holder(const std::string& name) {
  return !name.empty() && name.size() <= 255 && name[0] != '.'
         && name.find_first_of(std::string_view{"/\0", 2}) == name.npos;
}

/// What a layer was before this start of the machine may not be on the disk.
bool is_of_this_boot(const fs::path& layer) {
  auto boot = read_small("/proc/sys/kernel/random/boot_id", 128);
  auto made = read_small(layer / "boot", 128);
  return boot && made && *boot == *made;
}

} // namespace

// -- opening ------------------------------------------------------------------

expected<std::shared_ptr<image_store>> image_store::open(store_options options,
                                                         time_point now) {
  std::error_code problem;
  fs::create_directories(options.folder.parent_path(), problem);
  std::shared_ptr<image_store> result{new image_store{std::move(options)}};
  if (auto err = result->prepare())
    return err;
  if (auto err = result->sweep(now))
    return err;
  return result;
}

caf::error image_store::prepare() {
  if (auto err = make_folder(folder()))
    return err;
  auto mine = lock();
  if (!mine)
    return mine.error();
  std::error_code ignored;
  if (fs::exists(folder() / "format", ignored))
    return read_format();
  for (auto name : {"blobs", "blobs/sha256", "blobs/sha384", "blobs/sha512",
                    "layers", "parts", "work", "holds", "used"})
    if (auto err = make_folder(folder() / name))
      return err;
  marks_ = marks_for(folder());
  std::string marks = marks_ == overlay_marks::trusted ? "trusted" : "user";
  // The format comes last: without it nobody takes the folder for a store.
  if (!fs::exists(folder() / "index.json", ignored))
    if (auto err = write_index({}))
      return err;
  at("format");
  auto done = crypto::write_secret_file(
      folder() / "format", std::string{format_word} + " " + marks + "\n");
  return done ? caf::error{} : done.error();
}

caf::error image_store::read_format() {
  auto text = read_small(folder() / "format", 256);
  if (!text)
    return text.error();
  if (text->rfind(format_word, 0) != 0)
    return make_error(ec::invalid,
                      folder().string()
                          + " is no image store that this version knows");
  marks_ = text->find(" user") == text->npos ? overlay_marks::trusted
                                             : overlay_marks::user;
  return {};
}

expected<file_lock> image_store::lock() const {
  return file_lock::take(folder() / "lock");
}

void image_store::at(const char* place) const {
  if (options_.at)
    options_.at(place);
}

expected<image_list> image_store::read_index() const {
  auto path = folder() / "index.json";
  auto text = read_small(path, largest_index);
  if (!text)
    return text.error();
  auto list = image_list::parse(*text);
  if (!list)
    return make_error(ec::internal_error,
                      path.string() + ": " + message_of(list.error())
                          + "; remove " + folder().string()
                          + " to begin with an empty store");
  return list;
}

caf::error image_store::write_index(const image_list& list) {
  at("index");
  auto done =
      crypto::write_secret_file(folder() / "index.json", list.to_json());
  at("index-done");
  return done ? caf::error{} : done.error();
}

// -- looking ------------------------------------------------------------------

fs::path image_store::blob_path(const std::string& digest) const {
  return folder() / "blobs" / algorithm_of(digest) / hex_of(digest);
}

fs::path image_store::layer_path(const std::string& chain) const {
  return folder() / "layers" / hex_of(chain);
}

time_point image_store::used_at(const image_record& x) const {
  return std::max(x.added, changed_at(folder() / "used" / hex_of(x.id)));
}

expected<std::vector<image_record>> image_store::list() const {
  auto index = read_index();
  if (!index)
    return index.error();
  std::vector<image_record> result;
  for (auto& each : index->all()) {
    if (each.removed)
      continue;
    result.push_back(each);
    result.back().used = used_at(each);
  }
  auto name = [](const image_record& x) {
    return x.tags.empty() ? x.digests : x.tags;
  };
  std::sort(result.begin(), result.end(), [&](auto& a, auto& b) {
    return std::pair{name(a), a.id} < std::pair{name(b), b.id};
  });
  return result;
}

expected<image_record> image_store::find(std::string_view text) const {
  auto index = read_index();
  if (!index)
    return index.error();
  auto found = index->find(text);
  if (!found)
    return found.error();
  auto result = **found;
  result.used = used_at(result);
  return result;
}

expected<std::string>
image_store::read_document(const std::string& digest) const {
  if (!is_digest(digest))
    return make_error(ec::invalid, "\"" + digest + "\" is no digest");
  auto bytes = read_small(blob_path(digest), options_.documents.bytes);
  if (!bytes)
    return bytes;
  hasher hash{algorithm_of(digest)};
  hash.update(*bytes);
  if (hash.finish() != digest)
    return make_error(ec::internal_error,
                      blob_path(digest).string() + " is not as it was written");
  return bytes;
}

expected<image_config> image_store::config_of(const image_record& image) const {
  auto bytes = read_document(image.id);
  if (!bytes)
    return bytes.error();
  return parse_config(*bytes, options_.documents);
}

std::vector<fs::path> image_store::folders_of(const image_record& image) const {
  std::vector<fs::path> result;
  for (auto at = image.layers.rbegin(); at != image.layers.rend(); ++at)
    result.push_back(layer_path(*at) / "diff");
  return result;
}

expected<store_usage> image_store::usage() const {
  store_usage result;
  auto add = [&](const disk_use& x) {
    result.bytes += x.bytes;
    result.inodes += x.inodes;
  };
  for (auto& layer : entries_of(folder() / "layers")) {
    // Counted once, when it was unpacked.
    std::ifstream in{layer / "use"};
    disk_use use;
    in >> use.bytes >> use.inodes;
    add(use);
  }
  for (auto name : {"blobs", "parts", "work"})
    add(use_of(folder() / name));
  struct statvfs all {};
  if (statvfs(folder().c_str(), &all) != 0)
    return file_error("look at", folder());
  result.capacity = all.f_blocks * all.f_frsize;
  result.available = all.f_bavail * all.f_frsize;
  result.inode_capacity = all.f_files;
  result.inodes_available = all.f_favail;
  return result;
}

// -- holding and removing -----------------------------------------------------

expected<std::map<std::string, std::string>> image_store::holders() const {
  std::map<std::string, std::string> result;
  for (auto& each : entries_of(folder() / "holds"))
    if (auto id = read_small(each, 256); id && is_digest(*id))
      result[each.filename().string()] = *id;
  return result;
}

std::set<std::string> image_store::held() const {
  std::set<std::string> result;
  if (auto all = holders())
    for (auto& [holder, id] : *all)
      result.insert(id);
  return result;
}

void image_store::touch(const std::string& id, time_point now) const {
  auto path = folder() / "used" / hex_of(id);
  unique_fd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(
                   now.time_since_epoch())
                   .count();
  timespec time{nanos / 1'000'000'000, nanos % 1'000'000'000};
  timespec times[2] = {time, time};
  if (fd)
    futimens(fd.get(), times);
}

caf::error image_store::hold(const std::string& holder,
                             const std::string& image_id, time_point now) {
  if (!is_holder(holder))
    return make_error(ec::invalid, "\"" + holder + "\" cannot hold an image");
  auto mine = lock();
  if (!mine)
    return mine.error();
  auto index = read_index();
  if (!index)
    return index.error();
  auto& all = index->all();
  if (std::none_of(all.begin(), all.end(),
                   [&](auto& x) { return x.id == image_id; }))
    return make_error(ec::not_found, "image \"" + image_id + "\" not found");
  // A holder that is known to be there is not lost by being written again.
  auto fresh = folder() / "work" / ("hold-" + crypto::random_word(8));
  auto fd = open_file(fresh, O_WRONLY | O_CREAT | O_EXCL);
  if (!fd)
    return fd.error();
  auto place = folder() / "holds" / holder;
  if (!crypto::write_all(fd->get(), image_id)
      || rename(fresh.c_str(), place.c_str()) != 0)
    return file_error("write", place);
  touch(image_id, now);
  return {};
}

caf::error image_store::release(const std::string& holder, time_point now) {
  if (!is_holder(holder))
    return make_error(ec::invalid, "\"" + holder + "\" cannot hold an image");
  {
    auto mine = lock();
    if (!mine)
      return mine.error();
    auto place = folder() / "holds" / holder;
    auto id = read_small(place, 256);
    if (!id)
      return is(id.error(), ec::not_found) ? caf::error{} : id.error();
    if (unlink(place.c_str()) != 0)
      return file_error("remove", place);
    if (is_digest(*id))
      touch(*id, now);
  }
  return sweep(now);
}

void image_store::forget(image_list& list, const std::string& id,
                         std::set<std::string>& freed) const {
  for (auto& each : list.all()) {
    if (each.id != id)
      continue;
    freed.insert(each.layers.begin(), each.layers.end());
    freed.insert({each.id, each.manifest});
  }
  list.forget(id);
  unlink((folder() / "used" / hex_of(id)).c_str());
}

caf::error image_store::remove(std::string_view text, time_point now) {
  {
    auto mine = lock();
    if (!mine)
      return mine.error();
    auto index = read_index();
    if (!index)
      return index.error();
    auto gone = index->remove(text);
    if (!gone)
      return gone.error();
    std::set<std::string> freed;
    if (!gone->empty() && held().count(*gone) == 0)
      forget(*index, *gone, freed);
    if (auto err = write_index(*index))
      return err;
    if (auto err = sweep_locked(now, false, std::move(freed)))
      return err;
  }
  empty_trash();
  return {};
}

// -- sweeping -----------------------------------------------------------------

caf::error image_store::sweep(time_point now, bool all) {
  {
    auto mine = lock();
    if (!mine)
      return mine.error();
    if (auto err = sweep_locked(now, all))
      return err;
  }
  empty_trash();
  return {};
}

caf::error image_store::sweep_locked(time_point now, bool all,
                                     std::set<std::string> freed) {
  auto index = read_index();
  if (!index)
    return index.error();
  // What was removed and is held no longer.
  auto holding = held();
  std::vector<std::string> gone;
  for (auto& each : index->all())
    if (each.removed && holding.count(each.id) == 0)
      gone.push_back(each.id);
  for (auto& id : gone)
    forget(*index, id, freed);
  if (!gone.empty())
    if (auto err = write_index(*index))
      return err;
  auto keep = needed();
  if (!keep)
    return keep.error();
  auto oldest = all ? time_point::max() : now - options_.keep_unused;
  sweep_layers(*keep, freed, oldest);
  sweep_blobs(*keep, freed, oldest);
  sweep_parts(all ? time_point::max() : now - options_.keep_parts);
  sweep_leavings();
  return {};
}

expected<std::set<std::string>> image_store::needed() {
  std::set<std::string> result;
  auto index = read_index();
  if (!index)
    return index.error();
  for (auto& each : index->all()) {
    result.insert(each.id);
    result.insert(each.manifest);
    result.insert(each.layers.begin(), each.layers.end());
  }
  for (auto& each : entries_of(folder() / "work")) {
    if (each.extension() != ".needs")
      continue;
    auto mine = file_lock::try_take(each);
    if (!mine)
      return mine.error();
    if (*mine) {
      // Its process is gone.
      throw_away(fs::path{each}.replace_extension(".d"));
      mine->release_and_remove();
      continue;
    }
    std::ifstream in{each};
    for (std::string line; std::getline(in, line);)
      result.insert(line);
  }
  return result;
}

void image_store::sweep_layers(const std::set<std::string>& needed,
                               const std::set<std::string>& freed,
                               time_point oldest) {
  // Chain ids are always of this kind.
  auto has = [](const std::set<std::string>& digests, const fs::path& layer) {
    return digests.count("sha256:" + layer.filename().string()) != 0;
  };
  for (auto& each : entries_of(folder() / "layers")) {
    if (has(needed, each))
      continue;
    if (has(freed, each) || changed_at(each / "boot") < oldest
        || !is_of_this_boot(each)) {
      throw_away(each);
      at("layer-swept");
    }
  }
}

void image_store::sweep_blobs(const std::set<std::string>& needed,
                              const std::set<std::string>& freed,
                              time_point oldest) {
  for (auto& kind : entries_of(folder() / "blobs"))
    for (auto& each : entries_of(kind)) {
      auto digest = kind.filename().string() + ":" + each.filename().string();
      if (needed.count(digest) == 0
          && (freed.count(digest) != 0 || changed_at(each) < oldest))
        unlink(each.c_str());
    }
}

void image_store::sweep_parts(time_point oldest) {
  for (auto& each : entries_of(folder() / "parts")) {
    if (changed_at(each) >= oldest)
      continue;
    if (auto mine = file_lock::try_take(each); mine && *mine)
      mine->release_and_remove();
  }
}

/// What those have left who died in the moment of replacing a file.
void image_store::sweep_leavings() {
  auto begins = [](const fs::path& path, const char* with) {
    return path.filename().string().rfind(with, 0) == 0;
  };
  for (auto& each : entries_of(folder() / "work")) {
    if (begins(each, "hold-"))
      unlink(each.c_str());
    if (begins(each, "layer-"))
      if (auto mine = file_lock::try_take(each); mine && *mine)
        mine->release_and_remove();
  }
  for (auto& each : entries_of(folder()))
    if (begins(each, "index.json.new-") || begins(each, "format.new-"))
      unlink(each.c_str());
}

void image_store::throw_away(const fs::path& tree) {
  auto place = folder() / "work" / (trash + crypto::random_word(12));
  rename(tree.c_str(), place.c_str());
}

void image_store::empty_trash() {
  for (auto& each : entries_of(folder() / "work"))
    if (each.filename().string().rfind(trash, 0) == 0)
        // What is left is met again by the next sweep.
        [[maybe_unused]]
      auto left = remove_tree(each);
}

} // namespace troupe::images
