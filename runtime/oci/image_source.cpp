#include "runtime/oci/image_source.hpp"

#include <filesystem>

namespace troupe::oci {

namespace {

class images_of_folder : public image_source {
public:
  explicit images_of_folder(std::string folder) : folder_(std::move(folder)) {
    // nop
  }

  expected<unpacked_image> find(const std::string& reference) override {
    auto config = process::find_image(folder_, reference);
    if (!config && is(config.error(), ec::not_found))
      return make_error(ec::not_found,
                        "image \"" + reference + "\" is not on this machine");
    if (!config)
      return config.error();
    auto layer = config->folder + "/rootfs";
    std::error_code code;
    if (!std::filesystem::is_directory(layer, code))
      return make_error(ec::not_found,
                        "image \"" + reference + "\" has no folder rootfs");
    return unpacked_image{std::move(*config), {std::move(layer)}};
  }

  // Whoever put the folder there takes it away.
  caf::error hold(const std::string&, const std::string&) override {
    return {};
  }

  void release(const std::string&) override {
    // nop
  }

  void keep_only(const std::set<std::string>&) override {
    // nop
  }

  void pull(const std::string& reference, std::vector<images::credentials>,
            answer done) override {
    done(find(reference));
  }

private:
  std::string folder_;
};

} // namespace

std::shared_ptr<image_source> folder_images(std::string folder) {
  return std::make_shared<images_of_folder>(std::move(folder));
}

} // namespace troupe::oci
