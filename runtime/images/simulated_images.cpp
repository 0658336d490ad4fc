#include "runtime/images/digest.hpp"
#include "runtime/images/image_edge.hpp"

#include <algorithm>

namespace troupe::images {

namespace {

/// What each is said to take.
constexpr uint64_t usual_size = uint64_t{50} << 20;

caf::error missing_image(const std::string& image) {
  return make_error(ec::not_found, "image \"" + image + "\" not found");
}

} // namespace

image_record* simulated_images::find(const std::string& image) {
  auto ref = parse_reference(image);
  auto whole = ref ? ref->whole() : image;
  for (auto& each : images_)
    if (each.id == image
        || std::find(each.tags.begin(), each.tags.end(), whole)
               != each.tags.end())
      return &each;
  return nullptr;
}

void simulated_images::list(done<std::vector<image_record>> tell) {
  tell(images_);
}

void simulated_images::status(std::string image,
                              done<std::optional<image_record>> tell) {
  auto found = find(image);
  tell(found == nullptr ? std::optional<image_record>{} : *found);
}

uint64_t simulated_images::pull(std::string image, std::vector<credentials>,
                                done<image_record> tell) {
  auto ref = parse_reference(image);
  if (!ref) {
    tell(ref.error());
    return 0;
  }
  auto whole = ref->whole();
  if (missing.count(whole) != 0) {
    tell(make_error(ec::not_found, "failed to pull and unpack image \"" + whole
                                       + "\": " + whole + ": not found"));
    return 0;
  }
  if (find(whole) == nullptr) {
    image_record x;
    x.id = digest_of(whole);
    x.manifest = x.id;
    x.tags = {whole};
    x.digests = {ref->name() + "@" + x.id};
    x.size = usual_size;
    x.platform = host_platform().text();
    x.added = x.used = clock_();
    images_.push_back(std::move(x));
    disk.available -= std::min(disk.available, usual_size);
  }
  tell(*find(whole));
  return 0;
}

void simulated_images::remove(std::string image, done<void> tell) {
  if (auto found = find(image)) {
    images_.erase(images_.begin() + (found - images_.data()));
    disk.available = std::min(disk.capacity, disk.available + usual_size);
  }
  tell(caf::unit);
}

void simulated_images::usage(done<store_usage> tell) {
  store_usage result;
  result.bytes = images_.size() * usual_size;
  result.capacity = disk.capacity;
  result.available = disk.available;
  tell(result);
}

void simulated_images::hold(std::string container, std::string image_id,
                            done<image_content> tell) {
  auto found = find(image_id);
  if (found == nullptr)
    return tell(missing_image(image_id));
  found->used = clock_();
  holders_[container] = found->id;
  image_content result;
  result.image = *found;
  tell(std::move(result));
}

void simulated_images::release(std::string container, done<void> tell) {
  if (auto at = holders_.find(container); at != holders_.end()) {
    if (auto found = find(at->second))
      found->used = clock_();
    holders_.erase(at);
  }
  tell(caf::unit);
}

void simulated_images::collect(std::set<std::string> in_use,
                               garbage_policy policy, done<collected> tell) {
  for (auto& [container, id] : holders_)
    in_use.insert(id);
  auto plan = plan_garbage(images_, in_use, disk, policy, clock_());
  collected result;
  result.wanted = plan.wanted;
  for (auto& id : plan.remove) {
    if (result.freed >= result.wanted && policy.max_age.count() == 0)
      break;
    remove(id, [](auto) {});
    result.freed += usual_size;
    result.removed.push_back(id);
  }
  tell(std::move(result));
}

} // namespace troupe::images
