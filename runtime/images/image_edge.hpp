#pragma once

#include "messages/errors.hpp"
#include "messages/time.hpp"
#include "runtime/images/garbage.hpp"
#include "runtime/images/image_record.hpp"
#include "runtime/images/image_store.hpp"
#include "runtime/images/keyring.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe::images {

/// What a container starts from.
struct image_content {
  image_record image;
  image_config config;
  std::vector<std::filesystem::path> folders; ///< the topmost first
  overlay_marks marks = overlay_marks::trusted;
};

/// Images of a node, shaped like CRI's ImageService. Each `done` is called
/// once, on any thread, perhaps before the call returns; never after the edge
/// is gone.
class image_edge {
public:
  template <class T>
  using done = std::function<void(expected<T>)>;

  virtual ~image_edge() = default;

  /// ListImages.
  virtual void list(done<std::vector<image_record>> tell) = 0;

  /// ImageStatus: nothing where there is no such image.
  virtual void status(std::string image,
                      done<std::optional<image_record>> tell) = 0;

  /// PullImage, as each of these until it works; none: as nobody. Several may
  /// be under way. Returns a number for `cancel`.
  virtual uint64_t pull(std::string image, std::vector<credentials> as,
                        done<image_record> tell) = 0;

  /// Ends a pull with ec::timeout, unless it is done.
  virtual void cancel(uint64_t pull) = 0;

  /// RemoveImage: no error where there is none.
  virtual void remove(std::string image, done<void> tell) = 0;

  /// ImageFsInfo.
  virtual void usage(done<store_usage> tell) = 0;

  /// Holds an image for a container and says what it starts from; survives the
  /// process, until `release`.
  virtual void hold(std::string container, std::string image_id,
                    done<image_content> tell) = 0;
  virtual void release(std::string container, done<void> tell) = 0;

  /// See collect_garbage.
  virtual void collect(std::set<std::string> in_use, garbage_policy policy,
                       done<collected> tell) = 0;
};

/// Has every image that is not called missing: for simulated nodes.
class simulated_images : public image_edge {
public:
  explicit simulated_images(std::function<time_point()> clock)
      : clock_(std::move(clock)) {}

  void list(done<std::vector<image_record>> tell) override;
  void status(std::string image,
              done<std::optional<image_record>> tell) override;
  uint64_t pull(std::string image, std::vector<credentials> as,
                done<image_record> tell) override;
  void cancel(uint64_t) override {}
  void remove(std::string image, done<void> tell) override;
  void usage(done<store_usage> tell) override;
  void hold(std::string container, std::string image_id,
            done<image_content> tell) override;
  void release(std::string container, done<void> tell) override;
  void collect(std::set<std::string> in_use, garbage_policy policy,
               done<collected> tell) override;

  /// References, whole, that no registry has.
  std::set<std::string> missing;
  disk_state disk{uint64_t{100} << 30, uint64_t{100} << 30};

private:
  image_record* find(const std::string& image);

  std::function<time_point()> clock_;
  std::vector<image_record> images_;
  std::map<std::string, std::string> holders_;
};

} // namespace troupe::images
