#pragma once

#include "messages/errors.hpp"
#include "messages/time.hpp"
#include "runtime/images/reference.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::images {

/// An image that a store has.
struct image_record {
  std::string id;       ///< digest of its configuration, as CRI names images
  std::string manifest; ///< digest of its manifest
  std::vector<std::string> tags;    ///< docker.io/library/nginx:1.25
  std::vector<std::string> digests; ///< docker.io/library/nginx@sha256:...
  std::vector<std::string> layers;  ///< chain ids, the lowest first
  uint64_t size = 0;                ///< bytes on the disk, shared ones too
  std::string platform;             ///< linux/amd64
  time_point added{};
  time_point used{};    ///< last held or let go; `added` where it never was
  bool pinned = false;  ///< never collected: the image of sandboxes
  bool removed = false; ///< kept only for those that hold it
};

/// All images of a store, as its index file says. Pure.
class image_list {
public:
  /// ec::invalid when it is no index.
  static expected<image_list> parse(std::string_view json);
  std::string to_json() const;

  /// Adds an image, or to one that is there. Its tags are taken from those that
  /// had them.
  void add(image_record x);

  /// What a user, a pod or CRI calls an image: a reference, an id or at least
  /// seven digits of one. ec::not_found, ec::invalid for what is no reference,
  /// ec::conflict for digits that several begin with.
  expected<const image_record*> find(std::string_view text) const;

  /// Takes a name off an image; by its id all of them. Returns the id of one
  /// that has none left: it is marked as removed.
  expected<std::string> remove(std::string_view text);

  /// Forgets an image.
  void forget(const std::string& id);

  const std::vector<image_record>& all() const { return images_; }

private:
  image_record* by_id(std::string_view id);

  std::vector<image_record> images_;
};

} // namespace troupe::images
