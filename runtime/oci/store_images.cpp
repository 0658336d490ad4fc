#include "runtime/crypto/encoding.hpp"
#include "runtime/images/image_service.hpp"
#include "runtime/images/registry_hosts.hpp"
#include "runtime/oci/image_source.hpp"
#include "runtime/system/context.hpp"
#include "runtime/system/task_thread.hpp"

#include <spdlog/spdlog.h>

namespace troupe::oci {

namespace {

using images::image_record;
using shared_store = std::shared_ptr<images::image_store>;

constexpr size_t longest_node = 64;

time_point now() {
  return real_world()->now();
}

process::image_config config_of(const image_record& image,
                                const std::string& reference,
                                images::image_config from) {
  process::image_config result;
  if (auto name = images::parse_reference(reference))
    result.reference = name->whole();
  else if (!image.tags.empty())
    result.reference = image.tags.front();
  result.id = image.id;
  result.size = image.size;
  result.entrypoint = std::move(from.entrypoint);
  result.command = std::move(from.command);
  result.environment = std::move(from.environment);
  result.working_dir = std::move(from.working_dir);
  result.user = std::move(from.user);
  result.stop_signal = std::move(from.stop_signal);
  return result;
}

expected<unpacked_image> unpacked(const images::image_store& store,
                                  const image_record& image,
                                  const std::string& reference) {
  if (store.marks() != images::overlay_marks::trusted)
    return make_error(ec::internal_error,
                      "the images in " + store.folder().string()
                          + " were unpacked without root, for who has none");
  auto config = store.config_of(image);
  if (!config)
    return config.error();
  unpacked_image result;
  result.config = config_of(image, reference, std::move(*config));
  for (auto& folder : store.folders_of(image))
    result.layers.push_back(folder.string());
  return result;
}

class images_of_store : public image_source {
public:
  explicit images_of_store(store_place where)
      : where_(std::move(where)), folders_(folder_images(where_.folders)) {
    // With the container's it must make a file's name.
    if (where_.node.size() > longest_node)
      where_.node = crypto::hex_encode(crypto::sha256(where_.node));
  }

  expected<unpacked_image> find(const std::string& reference) override {
    auto found = in_folders(reference);
    if (found || !is(found.error(), ec::not_found))
      return found;
    auto store = open();
    if (!store)
      return store.error();
    auto image = (*store)->find(reference);
    if (image)
      return unpacked(**store, *image, reference);
    return is(image.error(), ec::not_found) ? found.error() : image.error();
  }

  caf::error hold(const std::string& container,
                  const std::string& image_id) override {
    if (of_folders_.contains(image_id))
      return {};
    auto store = open();
    return store ? (*store)->hold(holder(container), image_id, now())
                 : store.error();
  }

  // What nobody needs then is swept away, which takes its time.
  void release(const std::string& container) override {
    if (auto store = open_what_is_there())
      later_.post([store, name = holder(container)] {
        warn(store->release(name, now()));
      });
  }

  void keep_only(const std::set<std::string>& containers) override {
    auto store = open_what_is_there();
    if (!store)
      return;
    // Of the moment: who comes later holds by a name that is not among them.
    auto all = store->holders();
    if (!all)
      return warn(all.error());
    for (auto& [name, image] : *all)
      if (name.starts_with(holder({}))
          && !containers.contains(name.substr(holder({}).size())))
        later_.post(
            [store, stale = name] { warn(store->release(stale, now())); });
  }

  void pull(const std::string& reference, std::vector<images::credentials> as,
            answer done) override {
    auto found = in_folders(reference);
    if (found || !is(found.error(), ec::not_found))
      return done(std::move(found));
    auto store = open();
    if (!store)
      return done(store.error());
    if (!service_) {
      images::pull_options options;
      options.host_folders = images::usual_host_folders(where_.hosts);
      service_ = std::make_unique<images::image_service>(
          *store, std::move(options), now);
    }
    service_->pull(reference, std::move(as),
                   [store = *store, reference,
                    done = std::move(done)](expected<image_record> pulled) {
                     done(pulled ? unpacked(*store, *pulled, reference)
                                 : pulled.error());
                   });
  }

private:
  std::string holder(const std::string& container) const {
    // No name of a node has that in it, though it may have dots.
    return where_.node + "~" + container;
  }

  static void warn(const caf::error& err) {
    if (err)
      spdlog::warn("image store reason=\"{}\"", message_of(err));
  }

  expected<unpacked_image> in_folders(const std::string& reference) {
    auto found = folders_->find(reference);
    if (found)
      of_folders_.insert(found->config.id);
    return found;
  }

  expected<shared_store> open() {
    if (store_)
      return store_;
    images::store_options options;
    options.folder = where_.store;
    auto opened = images::image_store::open(std::move(options), now());
    if (opened)
      store_ = *opened;
    return opened;
  }

  shared_store open_what_is_there() {
    std::error_code none;
    if (!store_ && !std::filesystem::exists(where_.store, none))
      return {};
    auto opened = open();
    if (opened)
      return *opened;
    warn(opened.error());
    return {};
  }

  store_place where_;
  std::shared_ptr<image_source> folders_;
  std::set<std::string> of_folders_; ///< ids of images, which nobody holds
  shared_store store_;
  std::unique_ptr<images::image_service> service_;
  task_thread later_;
};

} // namespace

std::shared_ptr<image_source> store_images(store_place where) {
  return std::make_shared<images_of_store>(std::move(where));
}

} // namespace troupe::oci
