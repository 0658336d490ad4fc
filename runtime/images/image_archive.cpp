#include "runtime/images/image_archive.hpp"

#include "runtime/images/archive_source.hpp"
#include "runtime/images/digest.hpp"
#include "runtime/images/installation.hpp"
#include "runtime/text/document.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::images {

namespace {

using tree = nlohmann::json;

constexpr int deepest_index = 4;
constexpr auto containerd_name = "io.containerd.image.name";
constexpr auto layout_name = "org.opencontainers.image.ref.name";

caf::error refuse(const std::string& what) {
  return make_error(ec::invalid, "archive: " + what);
}

std::string said_name(const descriptor& x) {
  for (auto key : {containerd_name, layout_name})
    if (auto at = x.annotations.find(key); at != x.annotations.end())
      return at->second;
  return {};
}

/// One image of docker's manifest.json.
struct saved_image {
  std::string config;
  std::vector<std::string> layers;
  std::vector<std::string> tags;
};

expected<std::vector<saved_image>> read_saved(const std::string& bytes) {
  auto from = text::parse_json(bytes);
  if (!from)
    return refuse("manifest.json: " + message_of(from.error()));
  std::vector<saved_image> result;
  // The library throws; nothing of that leaves here.
  try {
    for (auto& each : *from) {
      saved_image x;
      each.at("Config").get_to(x.config);
      each.at("Layers").get_to(x.layers);
      if (auto tags = each.find("RepoTags");
          tags != each.end() && !tags->is_null())
        tags->get_to(x.tags);
      result.push_back(std::move(x));
    }
  } catch (const tree::exception& e) {
    return refuse(std::string{"manifest.json: "} + e.what());
  }
  if (result.empty())
    return refuse("manifest.json names no image");
  return result;
}

/// Loads the images of one archive.
class loader {
public:
  loader(store_work& work, archive_source& from, const load_options& options,
         time_point now)
      : work_(work), from_(from), options_(options), now_(now) {}

  expected<std::vector<image_record>> run() {
    auto err = load();
    if (err)
      return err;
    return std::move(loaded_);
  }

private:
  caf::error load() {
    auto saved = from_.has("manifest.json");
    if (from_.has("oci-layout") || from_.has("index.json")) {
      auto index = top_index();
      if (!index)
        return index.error();
      // Archives of docker have both; only one may know the names.
      auto& all = index->manifests;
      if (!saved || std::any_of(all.begin(), all.end(), [](auto& x) {
            return !said_name(x).empty();
          }))
        return load_layout(*index);
    }
    if (saved)
      return load_saved();
    return refuse("it is neither an OCI image layout nor what \"docker save\" "
                  "writes");
  }

  expected<image_index> top_index() {
    auto bytes = from_.document("index.json");
    if (!bytes)
      return bytes.error();
    auto read = parse_document(*bytes, media::oci_index,
                               work_.store().options().documents);
    if (!read)
      return refuse("index.json: " + message_of(read.error()));
    if (!read->index)
      return refuse("index.json is no index");
    return std::move(*read->index);
  }

  caf::error load_layout(const image_index& index) {
    std::string other;
    for (auto& each : index.manifests) {
      if (each.platform && !can_run(*each.platform, options_.on)) {
        other = each.platform->text();
        continue;
      }
      if (auto err = load_named(each, index.manifests.size()))
        return err;
    }
    if (!loaded_.empty())
      return {};
    return refuse(other.empty() ? "it holds no image"
                                : "it holds no image for " + options_.on.text()
                                      + ", but for " + other);
  }

  caf::error load_named(const descriptor& top, size_t images) {
    if (!options_.name.empty() && images > 1 && has_version(options_.name))
      return refuse("it holds several images: name a repository only");
    auto name = name_in_archive(said_name(top), options_.name);
    if (!name)
      return name.error();
    auto manifest = resolve(top, 0);
    if (!manifest)
      return manifest.error();
    return install_one(*manifest, top.digest, {*name});
  }

  static bool has_version(const std::string& name) {
    return name.find('@') != name.npos
           || name.find(':', name.rfind('/') == name.npos ? 0 : name.rfind('/'))
                  != name.npos;
  }

  /// Brings a document into the store and checks it; of an index goes on to
  /// the image for this machine.
  expected<std::string> resolve(const descriptor& x, int depth) {
    if (depth > deepest_index)
      return refuse("indexes in indexes, too deep");
    auto bytes = from_.document(layout_path(x.digest));
    if (!bytes)
      return bytes.error();
    if (bytes->size() != x.size)
      return refuse("\"" + layout_path(x.digest) + "\" has "
                    + std::to_string(bytes->size()) + " bytes, not "
                    + std::to_string(x.size));
    if (auto err = work_.put(x.digest, *bytes))
      return err;
    auto read =
        parse_document(*bytes, is_document(x.media_type) ? x.media_type : "",
                       work_.store().options().documents);
    if (!read)
      return refuse(layout_path(x.digest) + ": " + message_of(read.error()));
    if (read->manifest) {
      if (auto err = bring_config(read->manifest->config))
        return err;
      return x.digest;
    }
    auto one = choose(*read->index, options_.on);
    if (!one)
      return refuse("it holds no image for " + options_.on.text());
    return resolve(*one, depth + 1);
  }

  caf::error bring_config(const descriptor& config) {
    auto bytes = from_.document(layout_path(config.digest));
    return bytes ? work_.put(config.digest, *bytes) : bytes.error();
  }

  caf::error load_saved() {
    auto bytes = from_.document("manifest.json");
    if (!bytes)
      return bytes.error();
    auto images = read_saved(*bytes);
    if (!images)
      return images.error();
    for (auto& each : *images)
      if (auto err = load_one(each))
        return err;
    return {};
  }

  caf::error load_one(const saved_image& x) {
    manifest made;
    made.media_type = media::oci_manifest;
    auto config = inner_blob(x.config);
    if (!config)
      return config.error();
    made.config = *config;
    made.config.media_type = media::oci_config;
    if (x.layers.size() > work_.store().options().documents.layers)
      return refuse("an image of too many layers");
    for (auto& path : x.layers) {
      auto layer = inner_blob(path);
      if (!layer)
        return layer.error();
      layer->media_type = media::oci_layer;
      made.layers.push_back(std::move(*layer));
    }
    auto text = to_json(made);
    auto digest = digest_of(text);
    if (auto err = work_.put(digest, text))
      return err;
    auto names = x.tags;
    if (names.empty() || !options_.name.empty())
      names = {options_.name};
    return install_one(digest, digest, names);
  }

  expected<descriptor> inner_blob(const std::string& path) {
    // The path is the archive's word: it is looked up, never opened.
    return from_.blob(path);
  }

  caf::error install_one(const std::string& manifest, const std::string& target,
                         const std::vector<std::string>& names) {
    installation what;
    what.manifest = manifest;
    what.on = options_.on;
    what.cancelled = options_.cancelled;
    for (auto& name : names) {
      if (name.empty())
        continue;
      auto ref = parse_reference(name);
      if (!ref)
        return refuse("image name \"" + name
                      + "\": " + message_of(ref.error()));
      if (!ref->tag.empty())
        what.tags.push_back(ref->name() + ":" + ref->tag);
      what.digests.push_back(ref->name() + "@" + target);
    }
    what.fetch = [this](const layer_step& step) {
      if (work_.has_blob(step.blob.digest))
        return caf::error{};
      auto got = from_.blob(layout_path(step.blob.digest));
      return got ? caf::error{} : got.error();
    };
    auto record = install(work_, what, now_);
    if (!record)
      return record.error();
    loaded_.push_back(std::move(*record));
    return {};
  }

  store_work& work_;
  archive_source& from_;
  const load_options& options_;
  time_point now_;
  std::vector<image_record> loaded_;
};

} // namespace

expected<std::string> name_in_archive(const std::string& said,
                                      const std::string& given) {
  if (given.empty()) {
    if (said.empty() || said.find_first_of("/:") != said.npos)
      return said;
    return refuse("it knows only the tag \"" + said
                  + "\": say of which repository");
  }
  auto version = given.find_first_of(
      ":@", given.rfind('/') == given.npos ? 0 : given.rfind('/'));
  if (version != given.npos)
    return given;
  auto tag = said;
  if (auto colon = said.rfind(':'); colon != said.npos)
    tag = said.substr(colon + 1);
  return is_tag(tag) ? given + ":" + tag : given;
}

expected<std::vector<image_record>>
load_archive(const std::shared_ptr<image_store>& store, int fd,
             const load_options& options, time_point now) {
  auto work = store_work::begin(store, now);
  if (!work)
    return work.error();
  tar_source from{**work};
  if (auto err = from.read(fd, options))
    return err;
  return loader{**work, from, options, now}.run();
}

expected<std::vector<image_record>>
load_layout(const std::shared_ptr<image_store>& store,
            const std::filesystem::path& folder, const load_options& options,
            time_point now) {
  auto work = store_work::begin(store, now);
  if (!work)
    return work.error();
  folder_source from{**work, folder};
  return loader{**work, from, options, now}.run();
}

} // namespace troupe::images
