#include "runtime/images/image_record.hpp"

#include "runtime/images/digest.hpp"
#include "runtime/text/document.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>

namespace troupe::images {

namespace {

using tree = nlohmann::json;

constexpr size_t largest_index = 256 << 20;
constexpr size_t fewest_digits = 7;

int64_t nanos_of(time_point x) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             x.time_since_epoch())
      .count();
}

time_point time_of(int64_t nanos) {
  return time_point{std::chrono::duration_cast<time_point::duration>(
      std::chrono::nanoseconds(nanos))};
}

/// Throws what the library throws.
image_record read_record(const tree& from) {
  image_record x;
  from.at("id").get_to(x.id);
  from.at("manifest").get_to(x.manifest);
  from.at("tags").get_to(x.tags);
  from.at("digests").get_to(x.digests);
  from.at("layers").get_to(x.layers);
  from.at("size").get_to(x.size);
  from.at("platform").get_to(x.platform);
  x.added = time_of(from.at("added").get<int64_t>());
  x.pinned = from.value("pinned", false);
  x.removed = from.value("removed", false);
  x.used = x.added;
  return x;
}

tree write_record(const image_record& x) {
  tree out{{"id", x.id},
           {"manifest", x.manifest},
           {"tags", x.tags},
           {"digests", x.digests},
           {"layers", x.layers},
           {"size", x.size},
           {"platform", x.platform},
           {"added", nanos_of(x.added)}};
  if (x.pinned)
    out["pinned"] = true;
  if (x.removed)
    out["removed"] = true;
  return out;
}

void merge(std::vector<std::string>& into, std::vector<std::string> more) {
  for (auto& each : more)
    if (std::find(into.begin(), into.end(), each) == into.end())
      into.push_back(std::move(each));
}

bool erase_one(std::vector<std::string>& from, const std::string& what) {
  auto at = std::find(from.begin(), from.end(), what);
  if (at == from.end())
    return false;
  from.erase(at);
  return true;
}

/// Digests that the tags that are left do not need.
void erase_name(std::vector<std::string>& digests, const std::string& name) {
  digests.erase(
      std::remove_if(digests.begin(), digests.end(),
                     [&](auto& x) {
                       return x.compare(0, name.size() + 1, name + "@") == 0;
                     }),
      digests.end());
}

bool has_tag_of(const image_record& x, const std::string& name) {
  return std::any_of(x.tags.begin(), x.tags.end(), [&](auto& tag) {
    return tag.compare(0, name.size() + 1, name + ":") == 0;
  });
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == text.npos;
}

caf::error missing(std::string_view text) {
  return make_error(ec::not_found,
                    "image \"" + std::string{text} + "\" not found");
}

/// How the image is called here: tag or digest.
std::string stored_name(const reference& x) {
  return x.digest.empty() ? x.whole() : x.name() + "@" + x.digest;
}

bool is_called(const image_record& x, const std::string& name) {
  return std::find(x.tags.begin(), x.tags.end(), name) != x.tags.end()
         || std::find(x.digests.begin(), x.digests.end(), name)
                != x.digests.end();
}

} // namespace

expected<image_list> image_list::parse(std::string_view json) {
  image_list result;
  text::read_options options;
  options.max_bytes = largest_index;
  auto from = text::parse_json(json, options);
  if (!from)
    return from.error();
  // The library throws; nothing of that leaves here.
  try {
    if (from->at("format") != 1)
      return make_error(ec::invalid, "it is of a later format");
    for (auto& each : from->at("images"))
      result.images_.push_back(read_record(each));
  } catch (const tree::exception& e) {
    return make_error(ec::invalid, e.what());
  }
  return result;
}

std::string image_list::to_json() const {
  tree out{{"format", 1}, {"images", tree::array()}};
  for (auto& each : images_)
    out["images"].push_back(write_record(each));
  return out.dump();
}

image_record* image_list::by_id(std::string_view id) {
  for (auto& each : images_)
    if (each.id == id)
      return &each;
  return nullptr;
}

void image_list::add(image_record x) {
  for (auto& each : images_)
    for (auto& tag : x.tags)
      erase_one(each.tags, tag);
  auto old = by_id(x.id);
  if (old == nullptr) {
    images_.push_back(x);
    old = &images_.back();
    old->tags.clear();
    old->digests.clear();
  }
  merge(old->tags, std::move(x.tags));
  merge(old->digests, std::move(x.digests));
  old->manifest = x.manifest;
  old->layers = std::move(x.layers);
  old->size = x.size;
  old->platform = x.platform;
  old->pinned = old->pinned || x.pinned;
  if (old->removed)
    old->added = x.added;
  old->removed = false;
}

expected<const image_record*> image_list::find(std::string_view text) const {
  auto digits = text.rfind("sha256:", 0) == 0 ? text.substr(7) : text;
  const image_record* found = nullptr;
  for (auto& each : images_) {
    if (each.removed || !is_hex(digits) || digits.size() < fewest_digits
        || hex_of(each.id).substr(0, digits.size()) != digits)
      continue;
    if (found != nullptr)
      return make_error(ec::conflict, "several images have an id that begins "
                                      "with "
                                          + std::string{digits});
    found = &each;
  }
  if (found != nullptr)
    return found;
  if (digits.size() != text.size())
    return missing(text);
  // A name may be all digits of that kind, too.
  auto ref = parse_reference(text);
  if (!ref)
    return digits.size() == 64 && is_hex(digits) ? missing(text) : ref.error();
  auto name = stored_name(*ref);
  for (auto& each : images_)
    if (!each.removed && is_called(each, name))
      return &each;
  return missing(text);
}

expected<std::string> image_list::remove(std::string_view text) {
  auto found = find(text);
  if (!found)
    return found.error();
  auto& x = *by_id((*found)->id);
  auto ref = parse_reference(text);
  auto name = ref ? stored_name(*ref) : std::string{};
  if (!name.empty() && is_called(x, name)) {
    if (erase_one(x.tags, name)) {
      // Its repository is no longer a name of it, but by another tag.
      if (!has_tag_of(x, ref->name()))
        erase_name(x.digests, ref->name());
    } else {
      erase_one(x.digests, name);
    }
  } else {
    x.tags.clear();
    x.digests.clear();
  }
  if (!x.tags.empty() || !x.digests.empty())
    return std::string{};
  x.removed = true;
  return x.id;
}

void image_list::forget(const std::string& id) {
  images_.erase(std::remove_if(images_.begin(), images_.end(),
                               [&](auto& x) { return x.id == id; }),
                images_.end());
}

} // namespace troupe::images
