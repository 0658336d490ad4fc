#include "tests/support/image_makers.hpp"

#include "runtime/images/digest.hpp"
#include "runtime/images/image_archive.hpp"

#include <nlohmann/json.hpp>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

namespace troupe::images {

namespace fs = std::filesystem;

namespace {

using tree = nlohmann::json;

ssize_t take(archive*, void* to, const void* data, size_t n) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(data), n);
  return static_cast<ssize_t>(n);
}

std::string write_archive(const std::function<void(archive*)>& setup,
                          const std::function<void(archive*)>& fill) {
  std::string out;
  auto a = archive_write_new();
  setup(a);
  archive_write_set_bytes_in_last_block(a, 1);
  archive_write_open(a, &out, nullptr, take, nullptr);
  fill(a);
  archive_write_close(a);
  archive_write_free(a);
  return out;
}

void write_entry(archive* a, const entry& x) {
  auto e = archive_entry_new();
  archive_entry_set_pathname(e, x.path.c_str());
  archive_entry_set_perm(e, static_cast<mode_t>(x.mode));
  archive_entry_set_uid(e, x.uid);
  archive_entry_set_gid(e, x.gid);
  archive_entry_set_mtime(e, 1000000000, 0);
  for (auto& [name, value] : x.attributes)
    archive_entry_xattr_add_entry(e, name.c_str(), value.data(), value.size());
  switch (x.type) {
    case 'd':
      archive_entry_set_filetype(e, AE_IFDIR);
      break;
    case 'l':
      archive_entry_set_filetype(e, AE_IFLNK);
      archive_entry_set_symlink(e, x.content.c_str());
      break;
    case 'h':
      archive_entry_set_filetype(e, AE_IFREG);
      archive_entry_set_hardlink(e, x.content.c_str());
      break;
    case 'c':
      archive_entry_set_filetype(e, AE_IFCHR);
      archive_entry_set_rdevmajor(e, 1);
      archive_entry_set_rdevminor(e, 3);
      break;
    case 'p':
      archive_entry_set_filetype(e, AE_IFIFO);
      break;
    default:
      archive_entry_set_filetype(e, AE_IFREG);
      archive_entry_set_size(
          e, x.size < 0 ? static_cast<int64_t>(x.content.size()) : x.size);
  }
  archive_write_header(a, e);
  if (x.type == 'f' && !x.content.empty())
    archive_write_data(a, x.content.data(), x.content.size());
  archive_entry_free(e);
}

tree described_json(const descriptor& x) {
  tree out{{"mediaType", x.media_type}, {"digest", x.digest}, {"size", x.size}};
  if (x.platform)
    out["platform"] = {{"os", x.platform->os},
                       {"architecture", x.platform->architecture}};
  if (x.platform && !x.platform->variant.empty())
    out["platform"]["variant"] = x.platform->variant;
  for (auto& [key, value] : x.annotations)
    out["annotations"][key] = value;
  return out;
}

std::string layer_type(const image_wishes& wishes) {
  if (wishes.docker)
    return "application/vnd.docker.image.rootfs.diff.tar.gzip";
  std::string result = media::oci_layer;
  return wishes.compression.empty() ? result
                                    : result + "+" + wishes.compression;
}

} // namespace

std::string make_tar(const std::vector<entry>& entries) {
  return write_archive([](archive* a) { archive_write_set_format_pax(a); },
                       [&](archive* a) {
                         for (auto& each : entries)
                           write_entry(a, each);
                       });
}

std::string compress(const std::string& bytes, const std::string& how) {
  if (how.empty())
    return bytes;
  return write_archive(
      [&](archive* a) {
        archive_write_set_format_raw(a);
        archive_write_add_filter_by_name(a, how.c_str());
      },
      [&](archive* a) {
        auto e = archive_entry_new();
        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_pathname(e, "x");
        archive_write_header(a, e);
        archive_write_data(a, bytes.data(), bytes.size());
        archive_entry_free(e);
      });
}

descriptor made_image::described(const std::string& digest) const {
  auto type = types.find(digest);
  return {type == types.end() ? "" : type->second, digest,
          blobs.at(digest).size()};
}

std::string made_image::add_index(const std::vector<descriptor>& manifests) {
  tree index{{"schemaVersion", 2},
             {"mediaType", media::oci_index},
             {"manifests", tree::array()}};
  for (auto& each : manifests)
    index["manifests"].push_back(described_json(each));
  auto text = index.dump();
  auto digest = digest_of(text);
  blobs[digest] = text;
  types[digest] = media::oci_index;
  return digest;
}

made_image make_image(const std::vector<std::string>& layer_tars,
                      const image_wishes& wishes) {
  made_image x;
  tree config{{"os", wishes.on.os},
              {"architecture", wishes.on.architecture},
              {"config", tree::parse(wishes.process)},
              {"rootfs", {{"type", "layers"}, {"diff_ids", tree::array()}}}};
  tree layers = tree::array();
  for (auto& tar : layer_tars) {
    config["rootfs"]["diff_ids"].push_back(digest_of(tar));
    auto bytes = compress(tar, wishes.compression);
    auto digest = digest_of(bytes);
    layers.push_back({{"mediaType", layer_type(wishes)},
                      {"digest", digest},
                      {"size", bytes.size()}});
    x.layers.push_back(digest);
    x.blobs[digest] = bytes;
  }
  auto text = config.dump();
  x.config = digest_of(text);
  x.blobs[x.config] = text;
  auto type = wishes.docker ? media::docker_manifest : media::oci_manifest;
  tree manifest{
      {"schemaVersion", 2},
      {"mediaType", type},
      {"config",
       {{"mediaType", wishes.docker ? media::docker_config : media::oci_config},
        {"digest", x.config},
        {"size", text.size()}}},
      {"layers", layers}};
  auto written = manifest.dump();
  x.manifest = digest_of(written);
  x.blobs[x.manifest] = written;
  x.types[x.manifest] = type;
  return x;
}

std::vector<entry> layout_of(const made_image& x, const std::string& name,
                             const std::string& top) {
  std::vector<entry> result{
      file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})")};
  for (auto& [digest, bytes] : x.blobs)
    result.push_back(
        file("blobs/sha256/" + std::string{hex_of(digest)}, bytes));
  auto which = x.described(top.empty() ? x.manifest : top);
  if (!name.empty())
    which.annotations["org.opencontainers.image.ref.name"] = name;
  tree index{{"schemaVersion", 2},
             {"manifests", tree::array({described_json(which)})}};
  result.push_back(file("index.json", index.dump()));
  return result;
}

std::vector<entry> saved(const std::vector<std::string>& layer_tars,
                         const std::string& tags) {
  image_wishes wishes;
  wishes.compression = "";
  auto x = make_image(layer_tars, wishes);
  std::vector<entry> result;
  tree layers = tree::array();
  for (size_t i = 0; i < x.layers.size(); ++i) {
    auto path = std::to_string(i) + "/layer.tar";
    result.push_back(folder(std::to_string(i)));
    result.push_back(file(path, x.blobs[x.layers[i]]));
    layers.push_back(path);
  }
  auto config = std::string{hex_of(x.config)} + ".json";
  result.push_back(file(config, x.blobs[x.config]));
  tree one{
      {"Config", config}, {"RepoTags", tree::parse(tags)}, {"Layers", layers}};
  result.push_back(file("manifest.json", tree::array({one}).dump()));
  return result;
}

void write_file(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream{path, std::ios::binary} << bytes;
}

std::string read_file(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

time_point ImageStore::now() {
  return std::chrono::system_clock::now();
}

void ImageStore::SetUp() {
  std::string name = fs::temp_directory_path() / "troupe-images-XXXXXX";
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  root_ = name;
  options_.folder = root_ / "store";
  options_.sync = false;
  store_ = open();
  ASSERT_TRUE(store_);
}

void ImageStore::TearDown() {
  store_.reset();
  [[maybe_unused]] auto left = remove_tree(root_);
}

std::shared_ptr<image_store> ImageStore::open(time_point at) {
  auto store = image_store::open(options_, at == time_point{} ? now() : at);
  EXPECT_TRUE(store) << (store ? "" : message_of(store.error()));
  return store ? *store : nullptr;
}

expected<std::vector<image_record>> ImageStore::load(const std::string& archive,
                                                     const std::string& name) {
  auto path = root_ / "archive";
  write_file(path, archive);
  auto fd = open_file(path, O_RDONLY);
  load_options options;
  options.name = name;
  return load_archive(store_, fd->get(), options, now());
}

std::map<std::string, std::string>
ImageStore::merged(const image_record& image) {
  std::map<std::string, std::string> result;
  auto lower = store_->folders_of(image);
  auto mark = store_->marks() == overlay_marks::trusted
                  ? "trusted.overlay.opaque"
                  : "user.overlay.opaque";
  // The lowest first.
  for (auto at = lower.rbegin(); at != lower.rend(); ++at) {
    auto erase = [&](const std::string& path) {
      for (auto x = result.begin(); x != result.end();)
        x = x->first == path || x->first.rfind(path + "/", 0) == 0
                ? result.erase(x)
                : std::next(x);
    };
    // What it hides goes before what it brings comes.
    for (auto& each : fs::recursive_directory_iterator{*at}) {
      auto path =
          fs::relative(each.path().parent_path(), *at) / each.path().filename();
      auto name = path.lexically_normal().string();
      struct stat info {};
      lstat(each.path().c_str(), &info);
      char value = 0;
      auto opaque = S_ISDIR(info.st_mode)
                    && getxattr(each.path().c_str(), mark, &value, 1) == 1
                    && value == 'y';
      if (!S_ISDIR(info.st_mode) || opaque)
        erase(name);
    }
    for (auto& each : fs::recursive_directory_iterator{*at}) {
      auto path = (fs::relative(each.path().parent_path(), *at)
                   / each.path().filename())
                      .lexically_normal()
                      .string();
      struct stat info {};
      lstat(each.path().c_str(), &info);
      if (S_ISCHR(info.st_mode) && info.st_rdev == makedev(0, 0))
        continue;
      if (S_ISDIR(info.st_mode))
        result[path] = "/";
      else if (S_ISLNK(info.st_mode))
        result[path] = "-> " + fs::read_symlink(each.path()).string();
      else
        result[path] = read_file(each.path());
    }
  }
  return result;
}

} // namespace troupe::images
